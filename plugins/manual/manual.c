/*
 * manual: an authenticator that has others do it: a person who is told what to put where, or the
 * hooks of Certbot's kind.
 */
#include <certwright/plugin.h>
#include <stdlib.h>
#include <string.h>
#include "hook_environment.h"
#include "instructions.h"
#include "outcome.h"
#include "validation_files.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "1.0"
#endif

enum { PATH_VARIABLE_SIZE = 4200, OUTCOME_SIZE = 800, LABEL_SIZE = 400, LIMIT_MAX = 1000000 };

struct manual {
	const struct cw_host *host;
};

/* What a challenge needs from perform() to cleanup(). */
struct work {
	struct validation_files files;
	char *output; /* what the auth hook wrote; NULL: it was not run */
	unsigned undo;
	int has_undo;
};

static int
no_memory(const struct cw_host *host)
{
	return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
}

static const char *
hook(const struct cw_host *host, const char *option)
{
	const char *command = cw_host_option(host, option);

	return command != NULL && *command != '\0' ? command : NULL;
}

static unsigned
time_limit(const struct cw_host *host)
{
	const char *text = cw_host_option(host, "hook-timeout");
	long limit = text != NULL ? strtol(text, NULL, 10) : 0;

	return limit < 0 || limit > LIMIT_MAX ? 0 : (unsigned)limit;
}

static int
manual_open(const struct cw_host *host, void **self)
{
	struct manual *manual = calloc(1, sizeof(*manual));

	if (manual == NULL)
		return no_memory(host);
	manual->host = host;
	*self = manual;
	return CW_OK;
}

static int
manual_prepare(void *self)
{
	const struct cw_host *host = ((struct manual *)self)->host;

	if (hook(host, "auth-hook") == NULL && !host->interactive(host))
		return cw_host_fail(host, CW_E_USAGE,
				    "give the program that sets the challenges up with "
				    "--manual-auth-hook, or run this on a terminal",
				    "nobody is there to follow the instructions of the manual "
				    "authenticator, and it has no --manual-auth-hook");
	return CW_OK;
}

static void
manual_close(void *self)
{
	free(self);
}

static const char *const *
manual_challenge_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const names[] = {"http-01", "dns-01", "tls-alpn-01", NULL};
	static const char *const addresses[] = {"http-01", "tls-alpn-01", NULL};

	(void)self;
	(void)identifier;
	return strcmp(identifier_type, "ip") == 0 ? addresses : names;
}

/* ------------------------------------------------------------------ hooks */

/* CERTBOT_CERT_PATH and CERTBOT_KEY_PATH, or that there are none. */
struct file_variables {
	char certificate[PATH_VARIABLE_SIZE], key[PATH_VARIABLE_SIZE];
	const char *list[3];
};

static void
fill_file_variables(struct file_variables *variables, const struct validation_files *files)
{
	snprintf(variables->certificate, sizeof(variables->certificate), "CERTBOT_CERT_PATH%s%s",
		 files->certificate != NULL ? "=" : "",
		 files->certificate != NULL ? files->certificate : "");
	snprintf(variables->key, sizeof(variables->key), "CERTBOT_KEY_PATH%s%s",
		 files->key != NULL ? "=" : "", files->key != NULL ? files->key : "");
	variables->list[0] = variables->certificate;
	variables->list[1] = variables->key;
	variables->list[2] = NULL;
}

static char **
environment_for(const struct cw_challenge *challenge, struct cw_challenge *const *challenges,
		size_t count, const char *output)
{
	const struct work *work = challenge->plugin_data;
	struct file_variables variables = {.list = {NULL}};

	fill_file_variables(&variables, &work->files);
	return hook_environment(challenge, challenges, count, output, variables.list);
}

/* Runs COMMAND by the shell, as Certbot does. */
static int
run_hook(const struct cw_host *host, const char *command, char *const *environment,
	 struct cw_command_result *result)
{
	const char *argv[] = {"/bin/sh", "-c", command, NULL};
	struct cw_command program = {
		.size = sizeof(program),
		.argv = argv,
		.environment = (const char *const *)environment,
		.time_limit = time_limit(host),
	};

	memset(result, 0, sizeof(*result));
	result->size = sizeof(*result);
	return cw_host_run(host, &program, result);
}

static void
forget_undo(const struct cw_host *host, struct work *work)
{
	if (work->has_undo)
		host->undo_done(host, work->undo);
	work->has_undo = 0;
}

/* Has the host run the cleanup hook if this process dies before it has. */
static int
register_undo(const struct cw_host *host, const struct cw_challenge *challenge,
	      struct cw_challenge *const *challenges, size_t count)
{
	const char *argv[] = {"/bin/sh", "-c", hook(host, "cleanup-hook"), NULL};
	struct work *work = challenge->plugin_data;
	char **environment, **command = NULL;
	unsigned id = 0;
	int status;

	if (argv[2] == NULL)
		return CW_OK;
	environment = environment_for(challenge, challenges, count,
				      work->output != NULL ? work->output : "");
	if (environment != NULL)
		command = hook_environment_command(environment, argv);
	status = command != NULL ? host->undo_command(host, (const char *const *)command, &id)
				 : no_memory(host);
	hook_environment_free(environment);
	hook_environment_free(command);
	if (status != CW_OK)
		return status;
	forget_undo(host, work);
	work->undo = id;
	work->has_undo = 1;
	return CW_OK;
}

static int
judge_hook(const struct cw_host *host, const char *option, const struct cw_challenge *challenge,
	   const struct cw_command_result *result)
{
	char label[LABEL_SIZE], outcome[OUTCOME_SIZE];

	snprintf(label, sizeof(label), "--manual-%s for \"%s\"", option, challenge->identifier);
	outcome_log(host, label, result);
	if (result->status == CW_OK)
		return CW_OK;
	outcome_describe(result, time_limit(host), outcome, sizeof(outcome));
	return cw_host_fail(host, result->status, outcome_hint(result), "the hook %s %s", label,
			    outcome);
}

static int
run_auth_hook(const struct cw_host *host, struct cw_challenge *challenge,
	      struct cw_challenge *const *challenges, size_t count)
{
	struct work *work = challenge->plugin_data;
	struct cw_command_result result;
	char **environment;
	int status = register_undo(host, challenge, challenges, count);

	if (status != CW_OK)
		return status;
	environment = environment_for(challenge, challenges, count, NULL);
	if (environment == NULL)
		return no_memory(host);
	/* From here on there may be something to clean up. */
	work->output = strdup("");
	status = run_hook(host, hook(host, "auth-hook"), environment, &result);
	hook_environment_free(environment);
	if (status != CW_OK)
		return status;
	free(work->output);
	work->output = hook_output(result.output != NULL ? result.output : "",
				   result.output != NULL ? strlen(result.output) : 0);
	status = judge_hook(host, "auth-hook", challenge, &result);
	cw_host_release_result(host, &result);
	if (work->output == NULL)
		return no_memory(host);
	if (status == CW_OK && *work->output != '\0')
		status = register_undo(host, challenge, challenges, count);
	return status;
}

static int
run_cleanup_hook(const struct cw_host *host, const struct cw_challenge *challenge,
		 struct cw_challenge *const *challenges, size_t count)
{
	const char *command = hook(host, "cleanup-hook");
	struct work *work = challenge->plugin_data;
	struct cw_command_result result;
	char **environment;
	int status;

	if (command == NULL || work->output == NULL)
		return CW_OK;
	environment = environment_for(challenge, challenges, count, work->output);
	if (environment == NULL)
		return no_memory(host);
	status = run_hook(host, command, environment, &result);
	hook_environment_free(environment);
	if (status != CW_OK)
		return status;
	status = judge_hook(host, "cleanup-hook", challenge, &result);
	cw_host_release_result(host, &result);
	return status;
}

/* ------------------------------------------------------------------ the authenticator */

static int
begin_work(const struct cw_host *host, struct cw_challenge *challenge)
{
	struct work *work = calloc(1, sizeof(*work));

	if (work == NULL)
		return no_memory(host);
	challenge->plugin_data = work;
	if (strcmp(challenge->type, "tls-alpn-01") == 0)
		return validation_files_make(host, challenge, &work->files);
	return CW_OK;
}

static int
perform_with_hook(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int status;

		if (challenges[i]->result != CW_OK)
			continue;
		status = run_auth_hook(host, challenges[i], challenges, count);
		if (status != CW_OK)
			cw_host_pass_challenge(host, challenges[i], status);
		if (status == CW_E_CANCELLED)
			return status;
	}
	return CW_OK;
}

static int
perform_by_hand(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count)
{
	struct instruction *list = calloc(count + 1, sizeof(*list));
	size_t shown = 0;
	char *text;
	int status = CW_OK;

	if (list == NULL)
		return no_memory(host);
	for (size_t i = 0; i < count; i++) {
		struct work *work = challenges[i]->plugin_data;

		if (challenges[i]->result != CW_OK)
			continue;
		list[shown].challenge = challenges[i];
		list[shown++].files = &work->files;
		/* A cleanup hook without an auth hook cleans up what the person set up. */
		work->output = strdup("");
	}
	text = instructions_text(host, list, shown);
	if (text == NULL)
		status = no_memory(host);
	else if (shown > 0)
		status = host->notify(host, text, 1);
	free(text);
	free(list);
	return status;
}

static int
manual_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = ((struct manual *)self)->host;
	int status = manual_prepare(self);

	if (status != CW_OK)
		return status;
	for (size_t i = 0; i < count; i++) {
		status = begin_work(host, challenges[i]);
		if (status != CW_OK)
			cw_host_pass_challenge(host, challenges[i], status);
	}
	return hook(host, "auth-hook") != NULL ? perform_with_hook(host, challenges, count)
					       : perform_by_hand(host, challenges, count);
}

static int
manual_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	const struct cw_host *host = ((struct manual *)self)->host;
	int result = CW_OK;

	for (size_t i = 0; i < count; i++) {
		struct work *work = challenges[i]->plugin_data;
		int status;

		if (work == NULL)
			continue;
		status = run_cleanup_hook(host, challenges[i], challenges, count);
		if (status != CW_OK)
			result = status;
		forget_undo(host, work);
		validation_files_remove(host, &work->files);
		free(work->output);
		free(work);
		challenges[i]->plugin_data = NULL;
	}
	return result;
}

static const struct cw_plugin_option auth_hook_option = {
	.size = sizeof(auth_hook_option),
	.name = "auth-hook",
	.kind = CW_OPTION_STRING,
	.metavar = "COMMAND",
	.help = "The shell command that puts a challenge in place; called once for each, in order, "
		"with CERTBOT_DOMAIN, CERTBOT_VALIDATION and others in its environment.",
};

static const struct cw_plugin_option cleanup_hook_option = {
	.size = sizeof(cleanup_hook_option),
	.name = "cleanup-hook",
	.kind = CW_OPTION_STRING,
	.metavar = "COMMAND",
	.help = "The shell command that removes it; CERTBOT_AUTH_OUTPUT is what the other wrote.",
};

static const struct cw_plugin_option hook_timeout_option = {
	.size = sizeof(hook_timeout_option),
	.name = "hook-timeout",
	.kind = CW_OPTION_INTEGER,
	.default_value = "0",
	.metavar = "SECONDS",
	.help = "How long one call of a hook may take; then it is ended with all that it started. "
		"0: as long as it likes.",
};

static const struct cw_plugin_option logging_option = {
	.size = sizeof(logging_option),
	.name = "public-ip-logging-ok",
	.kind = CW_OPTION_FLAG,
	.help = "Has no effect; it is accepted because old renewal files and scripts have it.",
};

static const struct cw_plugin_option *const options[] = {
	&auth_hook_option, &cleanup_hook_option, &hook_timeout_option, &logging_option, NULL};

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = manual_challenge_types,
	.perform = manual_perform,
	.cleanup = manual_cleanup,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "manual",
	.version = PACKAGE_VERSION,
	.description = "Manual configuration or run your own shell scripts",
	.help = "Tells you what to put where, for all names at once (http-01, dns-01, "
		"tls-alpn-01), or has hooks of yours do it: --manual-auth-hook and "
		"--manual-cleanup-hook, with the environment that Certbot gives them.",
	.options = options,
	.open = manual_open,
	.prepare = manual_prepare,
	.close = manual_close,
	.authenticator = &authenticator,
};

const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
