/* report: how all certificates are, from the files alone, for people and for monitoring programs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "flow/context.h"
#include "flow/report/health.h"
#include "flow/report/metrics.h"
#include "flow/report/nagios.h"
#include "flow/report/page.h"
#include "flow/report/status.h"

static void
write_page(struct json_object *status, struct cw_buf *out)
{
	cw_page_write(status, true, out);
}

static void
write_metrics(struct json_object *status, struct cw_buf *out)
{
	cw_metrics_write(status, CW_METRICS_TEXT, out);
}

/* What goes to files. */
static const struct {
	const char *option;
	const char *internal;
	void (*write)(struct json_object *status, struct cw_buf *out);
} outputs[] = {
	{"--html", "report_html", write_page},
	{"--textfile", "report_textfile", write_metrics},
};

static bool
is_stdout(const char *path)
{
	return path != NULL && strcmp(path, "-") == 0;
}

int
cw_check_report(const struct cw_settings *settings, struct cw_error *error)
{
	int to_stdout = cw_settings_flag(settings, "json") ? 1 : 0;
	struct cw_health_limits limits;

	to_stdout += cw_settings_flag(settings, "report_nagios") && to_stdout == 0;
	for (size_t i = 0; i < CW_COUNT(outputs); i++) {
		const char *path = cw_settings_get(settings, outputs[i].internal);

		to_stdout += is_stdout(path);
		if (path == NULL || (*path != '\0' && !cw_ends_with(path, "/")))
			continue;
		cw_fail(error, CW_E_USAGE, "%s: \"%s\" is not a file", outputs[i].option, path);
		cw_hint(error, "give the path of the file to write, or \"-\"");
		return CW_E_USAGE;
	}
	if (to_stdout > 1) {
		cw_fail(error, CW_E_USAGE,
			"the standard output can have only one of --json, "
			"--nagios, --html - and --textfile -");
		cw_hint(error, "name a file for the other");
		return CW_E_USAGE;
	}
	return cw_health_limits_read(settings, &limits, error);
}

/* Everybody may read it, as web servers and node_exporter must, unless it is there and says
 * something else. */
static int
write_file(const char *path, const struct cw_buf *text, struct cw_error *error)
{
	struct cw_file_mode mode = {.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1};
	struct stat status;

	if (stat(path, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			return cw_fail(error, CW_E_INVALID, "\"%s\" is a folder, not a file", path);
		mode.mode = status.st_mode & 07777;
		mode.owner = status.st_uid;
		mode.group = status.st_gid;
	}
	/* It can be written anew at any time. */
	mode.unsynced = true;
	return cw_file_write(path, text->data, text->length, &mode, error);
}

static int
write_output(const char *path, const struct cw_buf *text, struct json_object *written,
	     struct cw_error *error)
{
	cw_autofree char *absolute = NULL;
	int status;

	if (is_stdout(path)) {
		int number = cw_write_all(STDOUT_FILENO, text->data, text->length);

		cw_json_append(written, json_object_new_string(path));
		/* Whoever closed a pipe has seen enough. */
		return number == 0 || number == EPIPE
			       ? CW_OK
			       : cw_fail_errno(error, number,
					       "cannot write to the standard output");
	}
	absolute = cw_path_absolute(path);
	status = write_file(absolute, text, error);
	if (status == CW_OK)
		cw_json_append(written, json_object_new_string(absolute));
	return status;
}

static int
write_outputs(struct cw_context *context, struct json_object *document, struct json_object *written,
	      struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < CW_COUNT(outputs) && status == CW_OK; i++) {
		const char *path = cw_settings_get(context->settings, outputs[i].internal);
		cw_auto_buf struct cw_buf text = {0};

		if (path == NULL)
			continue;
		outputs[i].write(document, &text);
		status = write_output(path, &text, written, error);
	}
	return status;
}

/* DOCUMENT NULL: there is none because of ERROR. */
static void
add_nagios(struct json_object *document, const struct cw_error *error, struct json_object *result)
{
	struct json_object *nagios = cw_json_new_object();
	cw_auto_strv struct cw_strv lines = {0};
	int exit_status = document != NULL ? cw_nagios_write(document, &lines)
					   : cw_nagios_write_error(error, &lines);

	cw_json_set_int(nagios, "exit_status", exit_status);
	cw_json_set(nagios, "lines", cw_json_from_strv(&lines));
	cw_json_set(result, "nagios", nagios);
}

int
cw_report_exit_status(const struct cw_settings *settings, struct json_object *result)
{
	if (!cw_settings_flag(settings, "report_nagios"))
		return -1;
	return (int)cw_json_int(cw_json_object(result, "nagios"), "exit_status", CW_NAGIOS_UNKNOWN);
}

int
cw_flow_report(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct json_object *document = NULL;
	struct json_object *written = cw_json_new_array();
	struct cw_health_limits limits;
	int status = cw_health_limits_read(context->settings, &limits, error);

	if (status == CW_OK)
		status = cw_status_new(context, &document, error);
	cw_json_set(result, "status", document);
	cw_json_set(result, "written", written);
	if (status == CW_OK) {
		cw_health_judge(document, &limits);
		status = write_outputs(context, document, written, error);
	}
	if (status == CW_OK)
		cw_json_set_string(result, "health",
				   cw_json_string(cw_json_object(document, "summary"), "health"));
	if (cw_settings_flag(context->settings, "report_nagios"))
		add_nagios(status == CW_OK ? document : NULL, error, result);
	return status;
}
