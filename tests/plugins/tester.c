/*
 * The tests' installer. The file "target" gets a line for each deployment and enhancement, when
 * save() is called. Each call adds its name to the file "calls", and what it is told of a
 * certificate to the file "facts", one JSON object in a line. "fail" names a call that fails,
 * or CALL:LINEAGE, "crash" one that crashes.
 *
 * It is compiled against each released header: with that of ABI 1.0 it has the calls of 1.0.
 */
#include <certwright/plugin.h>
#include <signal.h>
#include <stdlib.h>

#ifndef TESTER_NAME
#define TESTER_NAME "tester"
#endif
/* 1: without the functions that an installer must have. */
#ifndef TESTER_BARE
#define TESTER_BARE 0
#endif

struct tester {
	const struct cw_host *host;
	char text[65536];
	char state[64]; /* what it had kept for the lineage of the last call */
};

static int
tester_open(const struct cw_host *host, void **self)
{
	struct tester *tester = calloc(1, sizeof(*tester));

	tester->host = host;
	*self = tester;
	return CW_OK;
}

static void
tester_close(void *self)
{
	free(self);
}

static void
append(const char *path, const char *line)
{
	FILE *stream = path != NULL ? fopen(path, "a") : NULL;

	if (stream != NULL) {
		fprintf(stream, "%s\n", line);
		fclose(stream);
	}
}

static int
called(struct tester *tester, const char *call)
{
	const char *fail = cw_host_option(tester->host, "fail");
	const char *crash = cw_host_option(tester->host, "crash");

	append(cw_host_option(tester->host, "calls"), call);
	append(cw_host_option(tester->host, "trace"), call);
	if (crash != NULL && strcmp(crash, call) == 0)
		raise(SIGKILL);
	if (fail != NULL && strcmp(fail, call) == 0)
		return cw_host_fail(tester->host, CW_E_PLUGIN, "ask the tests",
				    "the tester fails in \"%s\"", call);
	return CW_OK;
}

static int
tester_names(void *self, cw_name_sink sink, void *context)
{
	static const char *const names[] = {"one.example.test", "_", "two.example.test",
					    "three.example.test:8080"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (sink(context, names[i]) != CW_OK)
			return CW_E_PLUGIN;
	return called(self, "names");
}

#if CW_ABI_MINOR >= 1
static void
print_list(FILE *stream, const char *key, const char *const *items, size_t count)
{
	fprintf(stream, ", \"%s\": [", key);
	for (size_t i = 0; i < count; i++)
		fprintf(stream, "%s\"%s\"", i > 0 ? ", " : "", items[i]);
	fprintf(stream, "]");
}
#endif

static void
print_text(FILE *stream, const char *key, const char *text)
{
	if (text != NULL)
		fprintf(stream, ", \"%s\": \"%s\"", key, text);
	else
		fprintf(stream, ", \"%s\": null", key);
}

/* Writes down what a call is told. */
static int
told(struct tester *tester, const char *call, const struct cw_deployment *deployment)
{
	const char *path = cw_host_option(tester->host, "facts");
	const char *fail = cw_host_option(tester->host, "fail");
	FILE *stream = path != NULL ? fopen(path, "a") : NULL;

	if (stream != NULL) {
		fprintf(stream, "{\"call\": \"%s\"", call);
		print_text(stream, "lineage", deployment->lineage);
		print_text(stream, "name", deployment->name);
		print_text(stream, "fullchain", deployment->fullchain_path);
#if CW_ABI_MINOR >= 1
		print_list(stream, "names", deployment->names, deployment->names_count);
		print_list(stream, "hosts", deployment->hosts, deployment->hosts_count);
		print_text(stream, "previous_serial", deployment->previous_serial);
		print_text(stream, "state", tester->state);
		fprintf(stream, ", \"reason\": %d, \"expiry\": %lld", (int)deployment->reason,
			(long long)deployment->expiry);
#endif
		fprintf(stream, "}\n");
		fclose(stream);
	}
	if (deployment->lineage != NULL && fail != NULL && strncmp(fail, call, strlen(call)) == 0 &&
	    fail[strlen(call)] == ':' &&
	    strcmp(fail + strlen(call) + 1, deployment->lineage) == 0) {
		called(tester, call);
		return cw_host_fail(tester->host, CW_E_PLUGIN, "ask the tests",
				    "the tester fails for \"%s\"", deployment->lineage);
	}
	return called(tester, call);
}

#if CW_ABI_MINOR >= 1
/* Counts the deployments of the lineage. */
static int
count(struct tester *tester, const struct cw_deployment *deployment)
{
	const struct cw_host *host = tester->host;
	char *kept = NULL;
	size_t length = 0;
	int status = cw_host_state_get(host, deployment->lineage, "count", &kept, &length);

	if (status != CW_OK && status != CW_E_NOT_FOUND)
		return status;
	snprintf(tester->state, sizeof(tester->state), "%s", kept != NULL ? kept : "");
	cw_host_release(host, kept);
	snprintf(tester->text, sizeof(tester->text), "%d", atoi(tester->state) + 1);
	status = cw_host_state_put(host, deployment->lineage, "count", tester->text,
				   strlen(tester->text));
	tester->text[0] = '\0';
	return status;
}

/* Writes the lineage's name to a secret file. */
static int
write_secret(struct tester *tester, const char *path, const struct cw_deployment *deployment)
{
	struct cw_file file;

	memset(&file, 0, sizeof(file));
	file.size = sizeof(file);
	file.path = path;
	file.data = deployment->lineage;
	file.length = strlen(deployment->lineage);
	file.secret = 1;
	return cw_host_put_file(tester->host, &file);
}
#endif

/* What the options "choose", "undo", "secret" and "count" have it do beside. */
static int
do_more(struct tester *tester, const struct cw_deployment *deployment)
{
	const struct cw_host *host = tester->host;
	const char *chosen = cw_host_option(host, "choose");
	int status = CW_OK;

	(void)deployment;
	if (chosen != NULL)
		status = host->set_option(host, "chosen", NULL, chosen);
#if CW_ABI_MINOR >= 1
	if (status == CW_OK && cw_host_option(host, "undo") != NULL)
		status = cw_host_checkpoint_plugin(host, cw_host_option(host, "undo"));
	if (status == CW_OK && cw_host_option(host, "secret") != NULL)
		status = write_secret(tester, cw_host_option(host, "secret"), deployment);
	if (status == CW_OK && cw_host_option(host, "count") != NULL)
		status = count(tester, deployment);
#endif
	return status;
}

static void
add(struct tester *tester, const char *a, const char *b, const char *c)
{
	size_t length = strlen(tester->text);

	snprintf(tester->text + length, sizeof(tester->text) - length, "%s %s %s\n", a, b, c);
}

static int
tester_deploy(void *self, const struct cw_deployment *deployment)
{
	int status = do_more(self, deployment);

	add(self, "deploy", deployment->name, deployment->fullchain_path);
	return status == CW_OK ? told(self, "deploy", deployment) : status;
}

#if CW_ABI_MINOR >= 1
static int
tester_renewed(void *self, const struct cw_deployment *deployment)
{
	int status = do_more(self, deployment);

	return status == CW_OK ? told(self, "renewed", deployment) : status;
}

static int
tester_check(void *self, const struct cw_deployment *deployment)
{
	struct tester *tester = self;

	(void)deployment;
	append(cw_host_option(tester->host, "trace"), "check");
	return CW_OK;
}

static enum cw_rights
tester_rights(const struct cw_host *host)
{
	return cw_host_option(host, "confined") != NULL ? CW_RIGHTS_NONE : CW_RIGHTS_USER;
}

static int
tester_undo(void *self, const char *data)
{
	struct tester *tester = self;

	cw_host_log(tester->host, CW_LOG_WARNING, "the tester undoes \"%s\"", data);
	append(cw_host_option(tester->host, "trace"), "undo");
	append(cw_host_option(tester->host, "undone"), data);
	return CW_OK;
}

static int
tester_undeploy(void *self, const struct cw_deployment *deployment)
{
	add(self, "undeploy", deployment->lineage, deployment->fullchain_path);
	return told(self, "undeploy", deployment);
}
#endif

static int
tester_enhance(void *self, const char *name, const char *enhancement)
{
	add(self, "enhance", name, enhancement);
	return called(self, "enhance");
}

static int
tester_save(void *self, const char *title)
{
	struct tester *tester = self;
	const char *target = cw_host_option(tester->host, "target");
	int status = CW_OK;

	if (target != NULL && *tester->text != '\0')
		status = tester->host->write_file(tester->host, target, tester->text,
						  strlen(tester->text), NULL, 0);
	if (status == CW_OK)
		status = called(tester, "save");
	if (status == CW_OK && cw_host_option(tester->host, "confined") == NULL)
		status = tester->host->checkpoint_commit(tester->host, title);
	return status;
}

static int
tester_config_test(void *self)
{
	return called(self, "config_test");
}

static int
tester_reload(void *self)
{
	return called(self, "reload");
}

static int
tester_reread(void *self)
{
	struct tester *tester = self;

	tester->text[0] = '\0';
	return called(self, "reread");
}

static const char *const enhancements[] = {"redirect", "hsts", NULL};

static const struct cw_installer installer = {
	.size = sizeof(struct cw_installer),
	.names = tester_names,
	.deploy = TESTER_BARE ? NULL : tester_deploy,
	.enhancements = enhancements,
	.enhance = tester_enhance,
	.save = tester_save,
	.config_test = tester_config_test,
	.reload = tester_reload,
	.reread = tester_reread,
#if CW_ABI_MINOR >= 1
	.check = tester_check,
	.renewed = tester_renewed,
	.undeploy = tester_undeploy,
#endif
};

#define OPTION(name_)                                                                              \
	{                                                                                          \
		.size = sizeof(struct cw_plugin_option), .name = name_, .kind = CW_OPTION_STRING,  \
		.help = "For the tests."                                                           \
	}
static const struct cw_plugin_option target = OPTION("target"), calls = OPTION("calls"),
				     fail = OPTION("fail"), crash = OPTION("crash"),
				     facts = OPTION("facts"), trace = OPTION("trace"),
				     choose = OPTION("choose"), chosen = OPTION("chosen"),
				     undo = OPTION("undo"), undone = OPTION("undone"),
				     secret = OPTION("secret"), counting = OPTION("count"),
				     confined = OPTION("confined");
static const struct cw_plugin_option *const options[] = {
	&target, &calls, &fail,   &crash,  &facts,    &trace,    &choose,
	&chosen, &undo,  &undone, &secret, &counting, &confined, NULL};

static const struct cw_plugin plugin = {
	.size = sizeof(struct cw_plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = TESTER_NAME,
	.version = "1",
	.description = "The tests' installer",
	.options = options,
	.open = tester_open,
	.close = tester_close,
	.installer = &installer,
#if CW_ABI_MINOR >= 1
	.undo = tester_undo,
	.rights = tester_rights,
#endif
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
