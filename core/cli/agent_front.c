#include "cli/agent_front.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/agent_config.h"
#include "cli/agent_environment.h"
#include "cli/command.h"
#include "cli/terminal.h"

static const struct cw_asker *
find_asker(void *output, const struct cw_settings *settings)
{
	(void)output;
	return cw_terminal_asker(settings);
}

static void
add_item(void *output, const char *list, struct json_object *item)
{
	cw_json_add_item(output, list, json_object_get(item));
}

static struct json_object *
need_object(struct json_object *object, const char *key)
{
	if (cw_json_object(object, key) == NULL)
		cw_json_set(object, key, cw_json_new_object());
	return cw_json_object(object, key);
}

static void
add_count(void *output, const char *server, int64_t sent, int64_t failed)
{
	struct json_object *count = need_object(need_object(output, "servers"), server);

	cw_json_set_int(count, "requests", cw_json_int(count, "requests", 0) + sent);
	cw_json_set_int(count, "failures", cw_json_int(count, "failures", 0) + failed);
}

static void
use_loop(void *output, struct cw_loop *loop)
{
	(void)output;
	(void)loop;
}

static int
run(const struct cw_strv *arguments, const struct cw_verb *verb, struct json_object *request,
    struct json_object *result, struct cw_error *error)
{
	const struct cw_front front = {
		.asker = find_asker,
		.item = add_item,
		.counted = add_count,
		.use_loop = use_loop,
		.request = request,
		.output = result,
	};
	struct cw_registry *registry = cw_registry_new();
	struct cw_invocation invocation = {0};
	cw_auto_strv struct cw_strv argv = {0};
	int status;

	cw_strv_add(&argv, "certwright");
	cw_strv_add_all(&argv, arguments);
	status = cw_parse((int)argv.count, (const char *const *)argv.items, registry, &invocation,
			  error);
	if (status == CW_OK && verb != NULL)
		invocation.verb = verb;
	if (status == CW_OK)
		status = cw_execute(&invocation, registry, &front, result, error);
	cw_invocation_clear(&invocation);
	cw_registry_free(registry);
	return status;
}

/* As sd-daemon(3) numbers them. */
static const int priorities[] = {
	[CW_LOG_DEBUG] = 7, [CW_LOG_INFO] = 6, [CW_LOG_WARNING] = 4, [CW_LOG_ERROR] = 3};

static void
write_line(const struct cw_buf *line)
{
	(void)cw_write_all(STDERR_FILENO, cw_buf_text(line), line->length);
}

static void
log_text(void *context, enum cw_log_level level, const char *text)
{
	const bool *in_journal = context;
	cw_autofree char *now = cw_format_utc(cw_time());
	cw_auto_buf struct cw_buf line = {0};

	/* The journal has a time of its own. */
	if (*in_journal)
		cw_buf_addf(&line, "<%d>%s\n", priorities[level], text);
	else
		cw_buf_addf(&line, "%s %s: %s\n", now, cw_log_level_name(level), text);
	write_line(&line);
}

static void
log_json(void *context, enum cw_log_level level, const char *text)
{
	cw_auto_json struct json_object *object = cw_json_new_object();
	cw_auto_buf struct cw_buf line = {0};

	(void)context;
	cw_json_set_time(object, "time", cw_time());
	cw_json_set_string(object, "level", cw_log_level_name(level));
	cw_json_set_string(object, "message", text);
	cw_buf_add_text(&line, cw_json_text(object));
	cw_buf_add_char(&line, '\n');
	write_line(&line);
}

/* systemd.exec(5): the device and inode of the journal's socket. */
static bool
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

/* In which format the agent logs, since it began. */
static bool logs_json;

/* Before the configuration is read. */
static bool
wants_json(const struct cw_settings *settings)
{
	const char *format = cw_settings_given(settings, "log_format")
				     ? cw_settings_get(settings, "log_format")
				     : cw_agent_variable("CERTWRIGHT_LOG_FORMAT");

	return cw_equal(format, "json");
}

static void
open_log(const struct cw_settings *settings, struct json_object *config)
{
	static bool in_journal;

	logs_json = config != NULL ? cw_json_bool(config, "log_json", false) : wants_json(settings);
	in_journal = is_journal();
	cw_log_set_terminal(logs_json ? log_json : log_text, &in_journal,
			    cw_terminal_level(settings));
}

bool
cw_agent_logs_json(const struct cw_invocation *invocation)
{
	const struct cw_verb *verb = invocation->verb;

	return logs_json || (verb != NULL && verb->flow == cw_flow_agent &&
			     invocation->settings != NULL && wants_json(invocation->settings));
}

void
cw_agent_log_end(const struct cw_error *error)
{
	const char *hint = cw_error_hint(error);
	cw_autofree char *line = cw_error_line(error);
	cw_autofree char *text =
		cw_format("%s%s%s", line, hint != NULL ? "; " : "", hint != NULL ? hint : "");

	log_json(NULL, CW_LOG_ERROR, text);
}

const struct cw_agent_front cw_agent_front = {
	.configure = cw_agent_configure,
	.run = run,
	.log = open_log,
	.take_environment = cw_agent_take_environment,
};
