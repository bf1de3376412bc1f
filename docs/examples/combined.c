/*
 * An installer that copies: for servers that want the certificate, its chain and its key in one
 * file, as HAProxy and Icecast do. It writes FOLDER/LINEAGE.pem, and runs one command that tests
 * the server's configuration and one that has the server read its files. The plugin author's guide
 * explains it.
 */
#include <certwright/plugin.h>
#include <errno.h>
#include <stdlib.h>

enum { FILE_MAX = 1024 * 1024, PATH_BYTES = 4096, COMMAND_SECONDS = 60 };

struct combined {
	const struct cw_host *host;
};

static int
combined_open(const struct cw_host *host, void **self)
{
	struct combined *combined = calloc(1, sizeof(*combined));

	if (combined == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	combined->host = host;
	*self = combined;
	return CW_OK;
}

static int
combined_prepare(void *self)
{
	const struct combined *combined = self;

	if (cw_host_option(combined->host, "folder") == NULL)
		return cw_host_fail(combined->host, CW_E_USAGE, "give --combined-folder PATH",
				    "the folder for the certificates is not set");
	return CW_OK;
}

/* Adds the contents of the file PATH to TEXT, of which *LENGTH bytes are used. */
static int
add_file(const struct cw_host *host, const char *path, char *text, size_t *length)
{
	FILE *stream = fopen(path, "r");

	if (stream == NULL)
		return cw_host_fail(host, CW_E_IO, NULL, "cannot read \"%s\": %s", path,
				    strerror(errno));
	*length += fread(text + *length, 1, FILE_MAX - *length, stream);
	fclose(stream);
	if (*length == FILE_MAX)
		return cw_host_fail(host, CW_E_INVALID, NULL, "\"%s\" is too long", path);
	return CW_OK;
}

/* A secret: readable by the server's group if there is one, by nobody else. DATA NULL: it goes. */
static int
put(const struct cw_host *host, const char *path, const char *data, size_t length)
{
	struct cw_file file;

	memset(&file, 0, sizeof(file));
	file.size = sizeof(file);
	file.path = path;
	file.data = data;
	file.length = length;
	file.secret = 1;
	file.group = cw_host_option(host, "group");
	file.mode = file.group != NULL ? 0640 : 0600;
	return cw_host_put_file(host, &file);
}

/* The file that has the lineage's certificate, since the last deployment; NULL: none has. */
static int
find_file(const struct cw_host *host, const char *lineage, char **path)
{
	size_t length;
	int status = cw_host_state_get(host, lineage, "file", path, &length);

	if (status == CW_E_NOT_FOUND) {
		*path = NULL;
		return CW_OK;
	}
	return status;
}

static int
remove_file(const struct cw_host *host, const char *path)
{
	int status = put(host, path, NULL, 0);

	return status == CW_E_NOT_FOUND ? CW_OK : status;
}

/* deploy_lineage(): certificate, chain and key into one file. */
static int
combined_deploy(void *self, const struct cw_deployment *deployment)
{
	const struct combined *combined = self;
	const struct cw_host *host = combined->host;
	char path[PATH_BYTES];
	char *before = NULL, *text;
	size_t length = 0;
	int status;

	if (deployment->lineage == NULL || deployment->fullchain_path == NULL)
		return cw_host_fail(host, CW_E_UNSUPPORTED, "give --cert-name NAME",
				    "only certificates of certwright can be installed");
	snprintf(path, sizeof(path), "%s/%s.pem", cw_host_option(host, "folder"),
		 deployment->lineage);
	text = malloc(FILE_MAX);
	if (text == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	status = add_file(host, deployment->fullchain_path, text, &length);
	if (status == CW_OK)
		status = add_file(host, deployment->key_path, text, &length);
	if (status == CW_OK)
		status = find_file(host, deployment->lineage, &before);
	if (status == CW_OK)
		status = put(host, path, text, length);
	/* The folder may be another one than last time. */
	if (status == CW_OK && before != NULL && strcmp(before, path) != 0)
		status = remove_file(host, before);
	if (status == CW_OK)
		status = cw_host_state_put(host, deployment->lineage, "file", path, strlen(path));
	cw_host_release(host, before);
	memset(text, 0, length);
	free(text);
	return status;
}

static int
combined_renewed(void *self, const struct cw_deployment *deployment)
{
	return deployment->hosts_count > 0 ? combined_deploy(self, deployment) : CW_OK;
}

static int
combined_undeploy(void *self, const struct cw_deployment *deployment)
{
	const struct combined *combined = self;
	char *path = NULL;
	int status = find_file(combined->host, deployment->lineage, &path);

	if (status == CW_OK && path != NULL)
		status = remove_file(combined->host, path);
	cw_host_release(combined->host, path);
	return status;
}

static int
combined_save(void *self, const char *title)
{
	const struct combined *combined = self;

	return combined->host->checkpoint_commit(combined->host, title);
}

/* Runs the command that the option NAME has; its own words become the error. */
static int
run_option(const struct combined *combined, const char *name)
{
	const struct cw_host *host = combined->host;
	const char *command_line = cw_host_option(host, name);
	const char *argv[] = {"sh", "-c", command_line, NULL};
	struct cw_command command;
	struct cw_command_result result;
	int status;

	if (command_line == NULL)
		return CW_OK;
	memset(&command, 0, sizeof(command));
	command.size = sizeof(command);
	command.argv = argv;
	command.time_limit = COMMAND_SECONDS;
	memset(&result, 0, sizeof(result));
	result.size = sizeof(result);
	status = cw_host_run(host, &command, &result);
	if (status == CW_OK && result.status != CW_OK)
		status = cw_host_fail(host, result.status, "run it by hand to see what is wrong",
				      "the command \"%s\" failed: %s", command_line,
				      result.error_output);
	cw_host_release_result(host, &result);
	return status;
}

static int
combined_config_test(void *self)
{
	return run_option(self, "test");
}

static int
combined_reload(void *self)
{
	return run_option(self, "reload");
}

static const struct cw_plugin_option folder_option = {
	.size = sizeof(struct cw_plugin_option),
	.name = "folder",
	.kind = CW_OPTION_PATH,
	.help = "The folder that the server reads certificates from.",
};
static const struct cw_plugin_option group_option = {
	.size = sizeof(struct cw_plugin_option),
	.name = "group",
	.kind = CW_OPTION_STRING,
	.help = "The group that may read them. The default is none.",
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
	.help = "A shell command that has the server read the certificates.",
};
static const struct cw_plugin_option *const options[] = {&folder_option, &group_option,
							 &test_option, &reload_option, NULL};

static const struct cw_installer installer = {
	.size = sizeof(struct cw_installer),
	.deploy_lineage = combined_deploy,
	.save = combined_save,
	.config_test = combined_config_test,
	.reload = combined_reload,
	.renewed = combined_renewed,
	.undeploy = combined_undeploy,
};

static const struct cw_plugin plugin = {
	.size = sizeof(struct cw_plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "combined",
	.version = "1.0",
	.description = "Certificate, chain and key in one file",
	.options = options,
	.open = combined_open,
	.prepare = combined_prepare,
	.close = free,
	.installer = &installer,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
