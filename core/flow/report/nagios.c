#include "flow/report/nagios.h"
#include <inttypes.h>
#include "base/buf.h"
#include "base/printable.h"
#include "base/text.h"
#include "flow/report/describe.h"
#include "flow/report/health.h"
#include "flow/report/state.h"

enum { LINES_MAX = 20 };

static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

/* One line, in which '|' would begin the performance data. */
static char *
clean(const char *text)
{
	return cw_replace_char(cw_printable(text, false), '|', '/');
}

static void
add_certificate(struct json_object *certificate, struct cw_strv *lines)
{
	cw_autofree char *name = cw_json_prose(certificate, "name");
	cw_autofree char *attention = cw_json_prose(certificate, "attention");
	cw_autofree char *line =
		cw_format("%s %s: %s", words[cw_health_read(certificate)], name != NULL ? name : "",
			  attention != NULL ? attention : "");

	cw_strv_take(lines, clean(line));
}

static void
add_certificates(struct json_object *status, struct cw_strv *lines)
{
	size_t count = 0, attention;
	cw_autofree struct json_object **order = cw_describe_order(status, &count);

	cw_health_count(status, &attention);
	for (size_t i = 0; i < attention && i < LINES_MAX; i++)
		add_certificate(order[i], lines);
	if (attention > LINES_MAX)
		cw_strv_addf(lines, "and %zu more", attention - LINES_MAX);
}

/* Seconds until the first of them expires. */
static void
add_next_expiry(struct json_object *status, struct cw_buf *data)
{
	struct json_object *certificates = cw_json_array(status, "certificates");
	int64_t now = 0, first = INT64_MAX, expiry;

	cw_state_time(status, "time", &now);
	for (size_t i = 0; certificates != NULL && i < json_object_array_length(certificates); i++)
		if (cw_state_time(json_object_array_get_idx(certificates, i), "expiry", &expiry) &&
		    expiry < first)
			first = expiry;
	if (first != INT64_MAX)
		cw_buf_addf(data, " next_expiry=%" PRId64 "s", first - now);
}

int
cw_nagios_write(struct json_object *status, struct cw_strv *lines)
{
	struct json_object *summary = cw_json_object(status, "summary");
	size_t attention, count = cw_health_count(status, &attention);
	cw_autofree char *headline = cw_health_headline(status);
	int exit_status = count > 0 ? (int)cw_health_read(summary) : CW_NAGIOS_UNKNOWN;
	cw_auto_buf struct cw_buf data = {0};

	cw_buf_addf(&data, "certificates=%zu warning=%" PRId64 " critical=%" PRId64, count,
		    cw_json_int(summary, "warning", 0), cw_json_int(summary, "critical", 0));
	add_next_expiry(status, &data);
	cw_strv_addf(lines, "CERTWRIGHT %s - %s | %s", words[exit_status], headline,
		     cw_buf_text(&data));
	add_certificates(status, lines);
	return exit_status;
}

int
cw_nagios_write_error(const struct cw_error *error, struct cw_strv *lines)
{
	cw_autofree char *line = cw_error_line(error);
	cw_autofree char *cleaned = clean(line);

	cw_strv_addf(lines, "CERTWRIGHT %s - %s", words[CW_NAGIOS_UNKNOWN], cleaned);
	return CW_NAGIOS_UNKNOWN;
}
