#include "cli/command.h"
#include <certwright/plugin.h>
#include <config.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/permissions.h"
#include "cli/config_files.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/result.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "flow/ask/check.h"
#include "flow/context.h"
#include "flow/install/makers.h"
#include "flow/work/begin.h"

/* Renewal files are written in the format of this version of Certbot. */
#define CERTBOT_VERSION "2.1.0"

#define EXIT_USAGE 2

int
cw_exit_status(const struct cw_error *error)
{
	switch (error->status) {
	case CW_OK: return EXIT_SUCCESS;
	case CW_E_USAGE: return EXIT_USAGE;
	default: return EXIT_FAILURE;
	}
}

static void
make_context(struct cw_context *context, const struct cw_invocation *invocation,
	     struct cw_registry *registry, const struct cw_front *front)
{
	const struct cw_settings *settings = invocation->settings;

	*context = (struct cw_context){
		.verb = invocation->verb,
		.options = invocation->options,
		.settings = invocation->settings,
		.registry = registry,
		.words = &invocation->words,
		.asker = front->asker(front->output, settings),
		.progress = cw_settings_flag(settings, "quiet") ? NULL : front->progress,
		.item = front->item,
		.output = front->output,
		.host = front->host,
		.request = front->request,
		.in_memory = front->in_memory,
		.certbot_version = CERTBOT_VERSION,
	};
	if (front->in_memory)
		return;
	context->directories.config = cw_path_absolute(cw_settings_get(settings, "config_dir"));
	context->directories.work = cw_path_absolute(cw_settings_get(settings, "work_dir"));
	context->directories.logs = cw_path_absolute(cw_settings_get(settings, "logs_dir"));
}

static int
run_verb(const struct cw_invocation *invocation, struct cw_registry *registry,
	 const struct cw_front *front, struct json_object *result, struct cw_error *error)
{
	const struct cw_verb *verb = invocation->verb;
	cw_auto_run struct cw_run run = {0};
	struct cw_context context;
	int status;

	cw_permissions_set_strict(cw_settings_flag(invocation->settings, "strict_permissions"));
	status = cw_config_check(invocation->settings, error);
	if (status < 0)
		return status;
	cw_settings_log(invocation->settings, CW_SOURCE_COMMAND, "command line");
	cw_settings_log(invocation->settings, CW_SOURCE_INI, "configuration file");
	status = cw_check_settings(verb, invocation->settings, error);
	if (status == CW_OK && verb->asks_nobody)
		status = cw_settings_set(invocation->settings, "noninteractive_mode",
					 CW_SOURCE_COMMAND, "1", error);
	if (status < 0)
		return status;
	make_context(&context, invocation, registry, front);
	cw_context_open(&context);
	front->use_loop(front->output, context.loop);
	if (verb->writes) {
		context.run = &run;
		context.failed_hooks = cw_json_new_array();
		cw_json_set(result, "failed_hooks", context.failed_hooks);
		status = cw_run_begin(&context, &run, error);
		context.writes = status == CW_OK;
		if (status == CW_OK)
			cw_reload_rolled_back(&context);
	}
	if (status == CW_OK)
		status = verb->flow(&context, result, error);
	front->use_loop(front->output, NULL);
	cw_context_close(&context);
	cw_directories_clear(&context.directories);
	return status;
}

/* The help as text, or with --json as a member of the object. */
static int
write_help(const struct cw_invocation *invocation, struct cw_registry *registry,
	   struct json_object *result, struct cw_error *error)
{
	bool json = cw_settings_flag(invocation->settings, "json");
	char *text = NULL;
	size_t length = 0;
	FILE *out = json ? open_memstream(&text, &length) : stdout;
	int status;

	if (out == NULL)
		return cw_fail_errno(error, errno, "cannot write the help");
	status = cw_help_write(out, invocation->help_topic, invocation->options, registry, error);
	if (json && fclose(out) == 0 && status == CW_OK)
		cw_json_set_string(result, "help", text);
	free(text);
	return status;
}

int
cw_execute(const struct cw_invocation *invocation, struct cw_registry *registry,
	   const struct cw_front *front, struct json_object *result, struct cw_error *error)
{
	if (invocation->version) {
		if (cw_settings_flag(invocation->settings, "json"))
			cw_json_set_string(result, "version", PACKAGE_VERSION);
		else
			printf("certwright %s\n", PACKAGE_VERSION);
		return CW_OK;
	}
	if (invocation->help)
		return write_help(invocation, registry, result, error);
	return run_verb(invocation, registry, front, result, error);
}

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

void
cw_judge_environment(void)
{
	static const char *const names[] = {"OPENSSL_CONF", "SSLKEYLOGFILE",
					    "CERTWRIGHT_PLUGIN_PATH", "CERTWRIGHT_TEMPLATE_PATH",
					    "CERTWRIGHT_STATUS_MODULE"};
	bool privileged =
		getauxval(AT_SECURE) != 0 || getuid() != geteuid() || getgid() != getegid();

	for (size_t i = 0; i < CW_COUNT(names); i++) {
		const char *value = getenv(names[i]);

		if (value == NULL)
			continue;
		if (privileged) {
			unsetenv(names[i]);
			cw_log_warning("ignoring %s: this program runs with other privileges than "
				       "the user who started it",
				       names[i]);
		} else {
			cw_log_debug("environment: %s=%s", names[i], value);
		}
	}
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
