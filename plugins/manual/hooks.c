#include "hooks.h"
#include <stdlib.h>
#include <string.h>
#include "../common/hook_environment.h"
#include "../common/instance.h"
#include "../common/outcome.h"
#include "../common/words.h"

enum {
	PATH_VARIABLE_SIZE = 4200,
	LABEL_SIZE = 400,
	WHAT_SIZE = LABEL_SIZE + 16,
	LIMIT_MAX = 1000000
};

/* CERTBOT_CERT_PATH and CERTBOT_KEY_PATH, set or removed. */
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

/* Has the host run the cleanup hook if this process dies first. */
static int
register_undo(const struct cw_host *host, const struct cw_challenge *challenge,
	      struct cw_challenge *const *challenges, size_t count)
{
	const char *argv[] = {"/bin/sh", "-c", option_text(host, "cleanup-hook"), NULL};
	struct work *work = challenge->plugin_data;
	char **environment;
	int status;

	if (argv[2] == NULL)
		return CW_OK;
	environment = environment_for(challenge, challenges, count,
				      work->output != NULL ? work->output : "");
	status = hook_environment_undo(host, &work->undo, environment, argv);
	words_free(environment);
	return status;
}

/* Runs the hook of OPTION in the shell, as Certbot does. *WRITTEN, unless WRITTEN is NULL, is
 * its output. */
static int
run_hook(const struct cw_host *host, const char *option, const struct cw_challenge *challenge,
	 char *const *environment, char **written)
{
	const char *argv[] = {"/bin/sh", "-c", option_text(host, option), NULL};
	unsigned limit = (unsigned)option_number(host, "hook-timeout", LIMIT_MAX);
	struct cw_command_result result = {.size = sizeof(result)};
	const struct cw_command program = {
		.size = sizeof(program),
		.argv = argv,
		.environment = (const char *const *)environment,
		.time_limit = limit,
	};
	char label[LABEL_SIZE], what[WHAT_SIZE];
	int status = cw_host_run(host, &program, &result);

	if (status != CW_OK)
		return status;
	snprintf(label, sizeof(label), "--manual-%s for \"%s\"", option, challenge->identifier);
	snprintf(what, sizeof(what), "the hook %s", label);
	outcome_log(host, label, &result);
	if (written != NULL && result.output != NULL) {
		free(*written);
		*written = hook_output(result.output, strlen(result.output));
	}
	status = outcome_judge(host, &result,
			       &(struct outcome_program){.what = what,
							 .limit = limit,
							 .limit_option = "--manual-hook-timeout"});
	cw_host_release_result(host, &result);
	return status;
}

int
hook_authenticate(const struct cw_host *host, struct cw_challenge *challenge,
		  struct cw_challenge *const *challenges, size_t count)
{
	struct work *work = challenge->plugin_data;
	char **environment;
	int status = register_undo(host, challenge, challenges, count);

	if (status != CW_OK)
		return status;
	environment = environment_for(challenge, challenges, count, NULL);
	/* From here on there may be something to clean up. */
	work->output = strdup("");
	if (environment != NULL && work->output != NULL)
		status = run_hook(host, "auth-hook", challenge, environment, &work->output);
	words_free(environment);
	if (environment == NULL || work->output == NULL)
		return fail_no_memory(host);
	if (status == CW_OK && *work->output != '\0')
		status = register_undo(host, challenge, challenges, count);
	return status;
}

int
hook_clean_up(const struct cw_host *host, const struct cw_challenge *challenge,
	      struct cw_challenge *const *challenges, size_t count)
{
	const struct work *work = challenge->plugin_data;
	char **environment;
	int status;

	if (option_text(host, "cleanup-hook") == NULL || work->output == NULL)
		return CW_OK;
	environment = environment_for(challenge, challenges, count, work->output);
	if (environment == NULL)
		return fail_no_memory(host);
	status = run_hook(host, "cleanup-hook", challenge, environment, NULL);
	words_free(environment);
	return status;
}
