/*
 * A plugin as a stranger would write it, compiled against each released header. It is an
 * authenticator and an installer, and does something small through most of the host's services, so
 * that a core which moved one of them is noticed.
 */
#include <certwright/plugin.h>
#include <stdlib.h>

#ifndef SAMPLE_NAME
#define SAMPLE_NAME "sample"
#endif

struct sample {
	const struct cw_host *host;
	int watched;
};

static int
sample_open(const struct cw_host *host, void **self)
{
	struct sample *sample = calloc(1, sizeof(*sample));

	if (sample == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	sample->host = host;
	*self = sample;
	return CW_OK;
}

static void
sample_close(void *self)
{
	free(self);
}

static int
sample_prepare(void *self)
{
	struct sample *sample = self;

	if (cw_host_flag(sample->host, "broken"))
		return cw_host_fail(sample->host, CW_E_UNSUPPORTED,
				    "leave --" SAMPLE_NAME "-broken out",
				    "the sample was asked to be broken");
	return CW_OK;
}

static const char *const *
sample_challenge_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const types[] = {"dns-01", "http-01", NULL};
	static const char *const none[] = {NULL};

	(void)self;
	(void)identifier;
	return strcmp(identifier_type, "dns") == 0 ? types : none;
}

/* "fail.*" fails alone, "silent.*" without a word; the option "status" fails the whole call. */
static int
sample_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct sample *sample = self;
	const struct cw_host *host = sample->host;
	const char *status = cw_host_option(host, "status");

	for (size_t i = 0; i < count; i++) {
		struct cw_challenge *challenge = challenges[i];

		challenge->plugin_data = sample;
		if (strncmp(challenge->identifier, "fail.", 5) == 0)
			cw_host_fail_challenge(host, challenge, CW_E_NOT_FOUND, "try another name",
					       "no way for \"%s\"", challenge->identifier);
		else if (strncmp(challenge->identifier, "silent.", 7) == 0)
			challenge->result = CW_E_IO;
		else if (strncmp(challenge->identifier, "odd.", 4) == 0)
			challenge->result = 7;
		else
			host->shared_put(host, challenge->token, challenge->validation,
					 strlen(challenge->validation));
	}
	return status != NULL ? atoi(status) : CW_OK;
}

static int
sample_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct sample *sample = self;
	int strange = 0;

	for (size_t i = 0; i < count; i++) {
		strange |= challenges[i]->plugin_data != sample;
		sample->host->shared_put(sample->host, challenges[i]->token, NULL, 0);
	}
	if (strange)
		return cw_host_fail(sample->host, CW_E_PLUGIN, NULL,
				    "cleanup got other challenges");
	return CW_OK;
}

static int
sample_names(void *self, cw_name_sink sink, void *context)
{
	int status = sink(context, "one.example");

	(void)self;
	if (status == CW_OK)
		status = sink(context, "two.example");
	if (status == CW_OK)
		status = sink(context, "one.example");
	return status;
}

/* Writes the certificate's path to the file that the option "target" names. */
static int
sample_deploy(void *self, const struct cw_deployment *deployment)
{
	struct sample *sample = self;
	const char *target = cw_host_option(sample->host, "target");

	if (target == NULL)
		return CW_E_INVALID;
	return sample->host->write_file(sample->host, target, deployment->fullchain_path,
					strlen(deployment->fullchain_path), NULL, 0);
}

static int
sample_save(void *self, const char *title)
{
	struct sample *sample = self;

	return sample->host->checkpoint_commit(sample->host, title);
}

static int
sample_config_test(void *self)
{
	struct sample *sample = self;
	const char *const argv[] = {"sh", "-c", "echo syntax error >&2; exit 3", NULL};
	struct cw_command command;
	struct cw_command_result result;
	int status;

	memset(&command, 0, sizeof(command));
	memset(&result, 0, sizeof(result));
	command.size = sizeof(command);
	command.argv = argv;
	result.size = sizeof(result);
	status = cw_host_run(sample->host, &command, &result);
	if (status != CW_OK)
		return status;
	if (result.exit_status != 3)
		status = cw_host_fail(sample->host, CW_E_PLUGIN, NULL, "the program exited with %d",
				      result.exit_status);
	else
		status = cw_host_fail(sample->host, CW_E_COMMAND, "mend the configuration",
				      "the server says: %s", result.error_output);
	cw_host_release_result(sample->host, &result);
	return status;
}

static const struct cw_plugin_option broken_option = {
	sizeof(broken_option), "broken", CW_OPTION_FLAG, NULL, NULL, "Fails.", NULL, NULL};
static const struct cw_plugin_option status_option = {sizeof(status_option),
						      "status",
						      CW_OPTION_INTEGER,
						      NULL,
						      "N",
						      "What perform returns.",
						      NULL,
						      NULL};
static const struct cw_plugin_option target_option = {sizeof(target_option),
						      "target",
						      CW_OPTION_PATH,
						      NULL,
						      NULL,
						      "The file to write.",
						      NULL,
						      NULL};
static const struct cw_plugin_option places_option = {
	sizeof(places_option), "places", CW_OPTION_MAP, NULL, NULL, "Places.", NULL, NULL};
static const struct cw_plugin_option place_option = {
	sizeof(place_option), "place", CW_OPTION_LIST, NULL, NULL, "A place.", "places", NULL};
static const struct cw_plugin_option *const options[] = {
	&broken_option, &status_option, &target_option, &places_option, &place_option, NULL};

static const struct cw_authenticator authenticator = {sizeof(authenticator), sample_challenge_types,
						      sample_perform, sample_cleanup};

static const struct cw_installer installer = {
	.size = sizeof(installer),
	.names = sample_names,
	.deploy = sample_deploy,
	.save = sample_save,
	.config_test = sample_config_test,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = SAMPLE_NAME,
	.version = "3.1",
	.description = "A sample",
	.options = options,
	.open = sample_open,
	.prepare = sample_prepare,
	.close = sample_close,
	.authenticator = &authenticator,
	.installer = &installer,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
