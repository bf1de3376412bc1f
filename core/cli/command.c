#include "cli/command.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/loop.h"
#include "cli/agent_front.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/result.h"
#include "cli/terminal.h"

/* How the result is shown, as far as the command line was understood. */
static void
set_output(struct cw_result *result, const struct cw_invocation *invocation)
{
	const struct cw_settings *settings = invocation->settings;

	result->verb = invocation->verb;
	result->json = settings != NULL && cw_settings_flag(settings, "json");
	result->quiet = settings == NULL || cw_settings_flag(settings, "quiet") ||
			invocation->version || invocation->help;
}

/* Whoever closed a pipe ("certwright --help | head") wants no more, and no word about it. */
static bool
reader_is_gone(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

static const struct cw_asker *
terminal_asker(void *output, const struct cw_settings *settings)
{
	(void)output;
	return cw_terminal_asker(settings);
}

static void
use_loop(void *output, struct cw_loop *loop)
{
	(void)output;
	cw_terminal_use_loop(loop);
}

static void
execute_on_terminal(const struct cw_invocation *invocation, struct cw_registry *registry,
		    struct cw_result *result, struct cw_error *error)
{
	const struct cw_front front = {
		.asker = terminal_asker,
		.progress = cw_terminal_progress,
		.item = cw_result_item,
		.use_loop = use_loop,
		.agent = &cw_agent_front,
		.output = result,
	};

	cw_execute(invocation, registry, &front, result->members, error);
}

static int
exit_status(const struct cw_invocation *invocation, const struct cw_result *result,
	    const struct cw_error *error)
{
	const struct cw_verb *verb = invocation->verb;
	int status = -1;

	if (verb != NULL && verb->exit_status != NULL && invocation->settings != NULL &&
	    !invocation->version && !invocation->help)
		status = verb->exit_status(invocation->settings, result->members);
	return status >= 0 ? status : cw_exit_status(error);
}

static int
run(int argc, const char *const *argv)
{
	struct cw_invocation invocation = {0};
	struct cw_registry *registry = cw_registry_new();
	struct cw_result result = {.members = cw_json_new_object()};
	cw_auto_error struct cw_error error = {0};
	int status;

	cw_terminal_hold();
	cw_judge_environment();
	status = cw_parse(argc, argv, registry, &invocation, &error);
	if (invocation.settings != NULL)
		cw_terminal_open(invocation.settings);
	set_output(&result, &invocation);
	if (status == CW_OK)
		execute_on_terminal(&invocation, registry, &result, &error);
	else
		result.quiet = true;
	cw_terminal_close();
	cw_result_end(&result, &error);
	if (error.status != CW_OK) {
		fflush(stdout);
		if (cw_agent_logs_json(&invocation))
			cw_agent_log_end(&error);
		else
			cw_print_error(&error);
	}
	status = exit_status(&invocation, &result, &error);
	json_object_put(result.members);
	cw_invocation_clear(&invocation);
	cw_registry_free(registry);
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_SUCCESS) {
		if (!reader_is_gone())
			fprintf(stderr, "certwright: cannot write to the standard output: %s\n",
				strerror(errno));
		return EXIT_FAILURE;
	}
	return status;
}

static void
leave_for_nomem(void)
{
	fputs("certwright: out of memory; nothing is lost, run the command again when memory is "
	      "free\n",
	      stderr);
	exit(EXIT_FAILURE);
}

int
cw_command(int argc, const char *const *argv)
{
	cw_set_nomem_handler(leave_for_nomem);
	cw_catch_signals();
	signal(SIGPIPE, SIG_IGN);
	return run(argc, argv);
}
