/* What "plugin check" finds. */
#include <stdarg.h>
#include "base/buf.h"
#include "flow/kit/check_internal.h"
#include "flow/kit/measure.h"

static void
add_finding(struct cw_check *check, const char *name, const char *result, const char *message,
	    const char *hint)
{
	struct json_object *finding = cw_json_new_object();

	cw_json_set_string(finding, "check", name);
	cw_json_set_string(finding, "result", result);
	cw_json_set_string(finding, "message", message);
	cw_json_set_string(finding, "hint", hint);
	cw_json_append(check->findings, finding);
}

void
cw_check_ok(struct cw_check *check, const char *name)
{
	add_finding(check, name, "ok", NULL, NULL);
}

void
cw_check_skip(struct cw_check *check, const char *name, const char *reason)
{
	add_finding(check, name, "skipped", reason, NULL);
}

void
cw_check_wrong(struct cw_check *check, const char *name, const char *hint, const char *format, ...)
{
	cw_auto_buf struct cw_buf message = {0};
	va_list arguments;

	va_start(arguments, format);
	cw_buf_vaddf(&message, format, arguments);
	va_end(arguments);
	add_finding(check, name, "wrong", cw_buf_text(&message), hint);
	check->wrong++;
}

bool
cw_check_died(struct cw_check *check, const char *name, const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);
	bool silent;

	if (check->trial.process == NULL || cw_trial_is_alive(&check->trial))
		return false;
	silent = cw_plugin_process_was_silent(check->trial.process);
	cw_check_wrong(check, name,
		       silent ? "return in time, wait with the services of the host, or call "
				"still_busy()"
			      : "run it under a debugger or valgrind",
		       "%s", line);
	cw_trial_end(&check->trial);
	return true;
}

bool
cw_check_unchanged(struct cw_check *check, const char *name, const struct cw_strv *before,
		   const char *when, struct cw_error *error)
{
	cw_auto_strv struct cw_strv after = {0};
	cw_autofree char *path = NULL;

	if (cw_snapshot(&check->trial.roots, &after, error) < 0)
		return false;
	path = cw_snapshot_difference(before, &after, check->finished);
	if (path != NULL)
		cw_check_wrong(check, name,
			       "register what undoes a change before it is made, and undo it in "
			       "cleanup",
			       "\"%s\" is not as it was before, after %s", path, when);
	return path == NULL;
}
