/*
 * An installer that edits a server's configuration so that it names the files under live/. The
 * configuration of this server is a list, one site in each line: "NAME CERTIFICATE KEY". A site
 * without a certificate has "-" twice. A renewal changes nothing in it: the server only has to read
 * the files again.
 */
#include <certwright/plugin.h>
#include <errno.h>
#include <stdlib.h>

enum { FILE_MAX = 1024 * 1024, COMMAND_SECONDS = 60 };

struct sites {
	const struct cw_host *host;
	char *text;     /* the list with our edits; NULL: not read yet */
	char *original; /* as it was read */
};

static int
sites_open(const struct cw_host *host, void **self)
{
	struct sites *sites = calloc(1, sizeof(*sites));

	if (sites == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	sites->host = host;
	*self = sites;
	return CW_OK;
}

/* reread(): the list was restored. */
static int
sites_reread(void *self)
{
	struct sites *sites = self;

	free(sites->text);
	free(sites->original);
	sites->text = sites->original = NULL;
	return CW_OK;
}

static void
sites_close(void *self)
{
	sites_reread(self);
	free(self);
}

static const char *
list_path(const struct sites *sites)
{
	return cw_host_option(sites->host, "list");
}

/* Reads the list, once. */
static int
load(struct sites *sites)
{
	const char *path = list_path(sites);
	FILE *stream;
	size_t length;
	int bad;

	if (sites->text != NULL)
		return CW_OK;
	stream = fopen(path, "r");
	if (stream == NULL)
		return cw_host_fail(sites->host, CW_E_IO, "check --site-list-list",
				    "cannot read \"%s\": %s", path, strerror(errno));
	sites->text = calloc(1, FILE_MAX);
	sites->original = calloc(1, FILE_MAX);
	if (sites->text == NULL || sites->original == NULL) {
		fclose(stream);
		sites_reread(sites);
		return cw_host_fail(sites->host, CW_E_NOMEM, NULL, "out of memory");
	}
	length = fread(sites->text, 1, FILE_MAX - 1, stream);
	bad = ferror(stream) || length == FILE_MAX - 1;
	fclose(stream);
	memcpy(sites->original, sites->text, length);
	if (!bad)
		return CW_OK;
	sites_reread(sites);
	return cw_host_fail(sites->host, CW_E_IO, NULL, "cannot read \"%s\", or it is too long",
			    path);
}

/* The line of NAME in the list; NULL: there is none. */
static char *
find_site(char *text, const char *name)
{
	size_t length = strlen(name);

	while (text != NULL && *text != '\0') {
		if (strncmp(text, name, length) == 0 && text[length] == ' ')
			return text;
		text = strchr(text, '\n');
		if (text != NULL)
			text++;
	}
	return NULL;
}

static int
sites_names(void *self, cw_name_sink sink, void *context)
{
	struct sites *sites = self;
	int status = load(sites);
	const char *line = sites->text;

	while (status == CW_OK && line != NULL && *line != '\0') {
		char name[256];

		if (sscanf(line, "%255s", name) == 1 && name[0] != '#')
			status = sink(context, name);
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return status;
}

/* check(): before the certificate is obtained. */
static int
sites_check(void *self, const struct cw_deployment *deployment)
{
	struct sites *sites = self;
	int status = load(sites);

	if (status == CW_OK && find_site(sites->text, deployment->name) == NULL)
		status = cw_host_fail(sites->host, CW_E_NOT_FOUND, "add a line for it",
				      "the list \"%s\" has no site \"%s\"", list_path(sites),
				      deployment->name);
	return status;
}

/* The line of NAME gets these paths. */
static int
set_paths(struct sites *sites, const char *name, const char *certificate, const char *key)
{
	char *line = find_site(sites->text, name), *rest, *changed;

	if (line == NULL)
		return CW_OK;
	rest = strchr(line, '\n');
	changed = calloc(1, FILE_MAX);
	if (changed == NULL)
		return cw_host_fail(sites->host, CW_E_NOMEM, NULL, "out of memory");
	if (snprintf(changed, FILE_MAX, "%.*s%s %s %s%s", (int)(line - sites->text), sites->text,
		     name, certificate, key, rest != NULL ? rest : "\n") >= FILE_MAX) {
		free(changed);
		return cw_host_fail(sites->host, CW_E_INVALID, NULL, "\"%s\" gets too long",
				    list_path(sites));
	}
	free(sites->text);
	sites->text = changed;
	return CW_OK;
}

static int
sites_deploy(void *self, const struct cw_deployment *deployment)
{
	struct sites *sites = self;
	int status = sites_check(sites, deployment);

	if (status == CW_OK && deployment->fullchain_path == NULL)
		status = cw_host_fail(sites->host, CW_E_USAGE, "give --fullchain-path",
				      "the path of the certificate with its chain is missing");
	if (status == CW_OK)
		status = set_paths(sites, deployment->name, deployment->fullchain_path,
				   deployment->key_path);
	return status;
}

/* renewed(): the list names the files under live/, which the server reads again in reload(). */
static int
sites_renewed(void *self, const struct cw_deployment *deployment)
{
	(void)self;
	(void)deployment;
	return CW_OK;
}

static int
sites_undeploy(void *self, const struct cw_deployment *deployment)
{
	struct sites *sites = self;
	int status = load(sites);

	for (size_t i = 0; i < deployment->names_count && status == CW_OK; i++) {
		const char *line = find_site(sites->text, deployment->names[i]);
		size_t length = strlen(deployment->names[i]) + 1;

		if (line != NULL && strncmp(line + length, deployment->fullchain_path,
					    strlen(deployment->fullchain_path)) == 0)
			status = set_paths(sites, deployment->names[i], "-", "-");
	}
	return status;
}

/* Writes the list, unless somebody else has changed it since it was read. */
static int
sites_save(void *self, const char *title)
{
	struct sites *sites = self;
	const struct cw_host *host = sites->host;
	int status = CW_OK;

	if (sites->text == NULL || strcmp(sites->text, sites->original) == 0)
		return CW_OK;
	status = host->write_file(host, list_path(sites), sites->text, strlen(sites->text),
				  sites->original, strlen(sites->original));
	if (status == CW_OK)
		status = host->checkpoint_commit(host, title);
	if (status == CW_OK)
		strcpy(sites->original, sites->text);
	return status;
}

/* Runs the command that the option NAME has. */
static int
run_option(const struct sites *sites, const char *name)
{
	const struct cw_host *host = sites->host;
	const char *line = cw_host_option(host, name);
	const char *argv[] = {"sh", "-c", line, NULL};
	struct cw_command command = {
		.size = sizeof(command), .argv = argv, .time_limit = COMMAND_SECONDS};
	struct cw_command_result result = {.size = sizeof(result)};
	int status;

	if (line == NULL)
		return CW_OK;
	status = cw_host_run(host, &command, &result);
	if (status == CW_OK && result.status != CW_OK)
		status = cw_host_fail(host, result.status, "run it by hand to see what is wrong",
				      "the command \"%s\" failed: %s", line, result.error_output);
	cw_host_release_result(host, &result);
	return status;
}

static int
sites_config_test(void *self)
{
	return run_option(self, "test");
}

static int
sites_reload(void *self)
{
	return run_option(self, "reload");
}

static const struct cw_plugin_option list_option = {
	.size = sizeof(struct cw_plugin_option),
	.name = "list",
	.kind = CW_OPTION_PATH,
	.help = "The list of sites.",
	.flags = CW_OPTION_REQUIRED,
};
static const struct cw_plugin_option test_option = {
	.size = sizeof(struct cw_plugin_option),
	.name = "test",
	.kind = CW_OPTION_STRING,
	.metavar = "COMMAND",
	.help = "A shell command that fails if the server would not start.",
};
static const struct cw_plugin_option reload_option = {
	.size = sizeof(struct cw_plugin_option),
	.name = "reload",
	.kind = CW_OPTION_STRING,
	.metavar = "COMMAND",
	.help = "A shell command that has the server read the list and the files again.",
};
static const struct cw_plugin_option *const options[] = {&list_option, &test_option, &reload_option,
							 NULL};

static const struct cw_installer installer = {
	.size = sizeof(struct cw_installer),
	.names = sites_names,
	.deploy = sites_deploy,
	.save = sites_save,
	.config_test = sites_config_test,
	.reload = sites_reload,
	.reread = sites_reread,
	.check = sites_check,
	.renewed = sites_renewed,
	.undeploy = sites_undeploy,
};

static const struct cw_plugin plugin = {
	.size = sizeof(struct cw_plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "site-list",
	.version = "1.0",
	.description = "A server with a list of sites",
	.options = options,
	.open = sites_open,
	.close = sites_close,
	.installer = &installer,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
