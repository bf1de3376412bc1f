/* command.h: what a command line that was understood does, on a terminal or not. */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/permissions.h"
#include "cli/command.h"
#include "cli/config_files.h"
#include "cli/help.h"
#include "cli/parse.h"
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
		.counted = front->counted,
		.output = front->output,
		.host = front->host,
		.request = front->request,
		.ca_memory = front->ca_memory,
		.agent = front->agent,
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
