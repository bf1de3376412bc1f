#include "flow/report/metrics.h"
#include <inttypes.h>
#include "base/text.h"
#include "flow/report/health.h"
#include "flow/report/state.h"

#define PREFIX "certwright_"

enum kind { GAUGE, COUNTER, SUMMARY };

struct metric {
	const char *name; /* without prefix, and without "_total" */
	enum kind kind;
	const char *help;
};

struct writing {
	struct json_object *status;
	enum cw_metrics_format format;
	struct cw_buf *out;
};

/* What a sample's value is made from. */
enum value {
	VALUE_ONE,
	VALUE_TIME,   /* an RFC 3339 time, in seconds since the epoch */
	VALUE_NUMBER, /* an integer */
	VALUE_LENGTH, /* of an array */
	VALUE_HEALTH
};

/* One sample for each certificate that has the value. */
static const struct certificate_metric {
	struct metric metric;
	enum value value;
	const char *object;    /* a member of the certificate; NULL: the certificate itself */
	const char *key;       /* of the value, in the object */
	const char *labels[6]; /* members of the object as labels, besides "name" */
} certificate_metrics[] = {
	{{"certificate_info", GAUGE, "What the certificate is; the value is always 1."},
	 VALUE_ONE,
	 .labels = {"origin", "issuer", "key_type", "serial", "server", "authenticator"}},
	{{"certificate_state", GAUGE, "The certificate's state; the value is always 1."},
	 VALUE_ONE,
	 .labels = {"state"}},
	{{"certificate_health", GAUGE, "0: ok, 1: warning, 2: critical."},
	 VALUE_HEALTH,
	 .key = NULL},
	{{"certificate_not_before_timestamp_seconds", GAUGE, "When the certificate's life began."},
	 VALUE_TIME,
	 .key = "not_before"},
	{{"certificate_expiry_timestamp_seconds", GAUGE, "When the certificate expires."},
	 VALUE_TIME,
	 .key = "expiry"},
	{{"certificate_due_timestamp_seconds", GAUGE, "When its renewal window begins."},
	 VALUE_TIME,
	 .object = "window",
	 .key = "start"},
	{{"certificate_next_timestamp_seconds", GAUGE,
	  "When something is done for the certificate next."},
	 VALUE_TIME,
	 .object = "next",
	 .key = "time",
	 .labels = {"action"}},
	{{"certificate_last_success_timestamp_seconds", GAUGE,
	  "When the certificate was obtained or renewed."},
	 VALUE_TIME,
	 .key = "last_success"},
	{{"certificate_last_failure_timestamp_seconds", GAUGE, "When renewing it failed last."},
	 VALUE_TIME,
	 .object = "last_failure",
	 .key = "time",
	 .labels = {"kind"}},
	{{"certificate_attempts", GAUGE, "How many attempts failed since the last success."},
	 VALUE_NUMBER,
	 .key = "attempts"},
	{{"certificate_problems", GAUGE, "How many things are wrong with the certificate."},
	 VALUE_LENGTH,
	 .key = "problems"},
};

static const struct metric build_info = {"build_info", GAUGE, "The program that tells this."};
static const struct metric status_time = {"status_timestamp_seconds", GAUGE,
					  "When the state was looked at."};
static const struct metric agent_start = {"agent_start_timestamp_seconds", GAUGE,
					  "When the agent began."};
static const struct metric requests = {"ca_requests", COUNTER, "HTTP requests to each CA."};
static const struct metric failures = {"ca_request_failures", COUNTER,
				       "HTTP requests to each CA that got no answer or an error."};
static const struct metric run_failures = {"run_failures", COUNTER, "Runs that failed."};
static const struct metric run_duration = {"run_duration_seconds", SUMMARY,
					   "How long the agent's runs took."};

const char *
cw_metrics_type(enum cw_metrics_format format)
{
	return format == CW_METRICS_OPEN
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

/* OpenMetrics names the family of a counter without "_total". */
static void
begin(const struct writing *writing, const struct metric *metric)
{
	static const char *const kinds[] = {"gauge", "counter", "summary"};
	bool open = writing->format == CW_METRICS_OPEN;
	const char *end = metric->kind == COUNTER && !open ? "_total" : "";

	cw_buf_addf(writing->out, "# HELP " PREFIX "%s%s %s\n", metric->name, end, metric->help);
	cw_buf_addf(writing->out, "# TYPE " PREFIX "%s%s %s\n", metric->name, end,
		    kinds[metric->kind]);
	if (open && cw_ends_with(metric->name, "_seconds"))
		cw_buf_addf(writing->out, "# UNIT " PREFIX "%s seconds\n", metric->name);
}

static void
add_label(struct cw_buf *labels, const char *name, const char *value)
{
	cw_buf_addf(labels, "%s%s=\"", labels->length > 0 ? "," : "", name);
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			cw_buf_add_text(labels, "\\n");
		else if (*value == '\\' || *value == '"')
			cw_buf_addf(labels, "\\%c", *value);
		else
			cw_buf_add_char(labels, *value);
	}
	cw_buf_add_char(labels, '"');
}

/* The name of a sample with its labels; its value follows. */
static void
begin_sample(const struct writing *writing, const struct metric *metric, const char *suffix,
	     const struct cw_buf *labels)
{
	cw_buf_addf(writing->out, PREFIX "%s%s", metric->name, suffix);
	if (labels != NULL && labels->length > 0)
		cw_buf_addf(writing->out, "{%s}", cw_buf_text(labels));
	cw_buf_add_char(writing->out, ' ');
}

static void
sample(const struct writing *writing, const struct metric *metric, const char *suffix,
       const struct cw_buf *labels, int64_t value)
{
	begin_sample(writing, metric, suffix, labels);
	cw_buf_addf(writing->out, "%" PRId64 "\n", value);
}

static bool
read_value(const struct certificate_metric *metric, struct json_object *certificate,
	   struct json_object *object, int64_t *value)
{
	struct json_object *array;

	switch (metric->value) {
	case VALUE_TIME: return cw_state_time(object, metric->key, value);
	case VALUE_NUMBER: *value = cw_json_int(object, metric->key, 0); return true;
	case VALUE_LENGTH:
		array = cw_json_array(object, metric->key);
		*value = array != NULL ? (int64_t)json_object_array_length(array) : 0;
		return true;
	case VALUE_HEALTH: *value = cw_health_read(certificate); return true;
	default: *value = 1; return true;
	}
}

static void
certificate_sample(const struct writing *writing, const struct certificate_metric *metric,
		   struct json_object *certificate)
{
	struct json_object *object =
		metric->object != NULL ? cw_json_object(certificate, metric->object) : certificate;
	const char *name = cw_json_string(certificate, "name");
	cw_auto_buf struct cw_buf labels = {0};
	int64_t value;

	if (name == NULL || object == NULL || !read_value(metric, certificate, object, &value))
		return;
	add_label(&labels, "name", name);
	for (size_t i = 0; i < CW_COUNT(metric->labels) && metric->labels[i] != NULL; i++) {
		const char *text = cw_json_string(object, metric->labels[i]);

		add_label(&labels, metric->labels[i], text != NULL ? text : "");
	}
	sample(writing, &metric->metric, "", &labels, value);
}

static void
write_certificates(const struct writing *writing)
{
	struct json_object *certificates = cw_json_array(writing->status, "certificates");
	size_t count = certificates != NULL ? json_object_array_length(certificates) : 0;

	for (size_t i = 0; i < CW_COUNT(certificate_metrics); i++) {
		begin(writing, &certificate_metrics[i].metric);
		for (size_t j = 0; j < count; j++)
			certificate_sample(writing, &certificate_metrics[i],
					   json_object_array_get_idx(certificates, j));
	}
}

static void
write_server_counter(const struct writing *writing, const struct metric *metric, const char *key)
{
	struct json_object *servers = cw_json_array(writing->status, "servers");

	begin(writing, metric);
	for (size_t i = 0; servers != NULL && i < json_object_array_length(servers); i++) {
		struct json_object *server = json_object_array_get_idx(servers, i);
		const char *url = cw_json_string(server, "server");
		cw_auto_buf struct cw_buf labels = {0};

		if (url == NULL)
			continue;
		add_label(&labels, "server", url);
		sample(writing, metric, "_total", &labels, cw_json_int(server, key, 0));
	}
}

static void
write_agent(const struct writing *writing)
{
	struct json_object *runs = cw_json_object(writing->status, "runs");
	struct json_object *seconds = NULL;
	int64_t since;

	begin(writing, &agent_start);
	if (cw_state_time(cw_json_object(writing->status, "agent"), "since", &since))
		sample(writing, &agent_start, "", NULL, since);
	write_server_counter(writing, &requests, "requests");
	write_server_counter(writing, &failures, "failures");
	begin(writing, &run_failures);
	sample(writing, &run_failures, "_total", NULL, cw_json_int(runs, "failed", 0));
	begin(writing, &run_duration);
	sample(writing, &run_duration, "_count", NULL, cw_json_int(runs, "count", 0));
	json_object_object_get_ex(runs, "seconds", &seconds);
	begin_sample(writing, &run_duration, "_sum", NULL);
	cw_buf_addf(writing->out, "%.3f\n", json_object_get_double(seconds));
}

static void
write_build_info(const struct writing *writing)
{
	const char *program = cw_json_string(writing->status, "program");
	cw_auto_buf struct cw_buf labels = {0};

	begin(writing, &build_info);
	add_label(&labels, "version", program != NULL ? cw_after_last(program, ' ') : "");
	sample(writing, &build_info, "", &labels, 1);
}

void
cw_metrics_write(struct json_object *status, enum cw_metrics_format format, struct cw_buf *out)
{
	const struct writing writing = {.status = status, .format = format, .out = out};
	int64_t now;

	write_build_info(&writing);
	begin(&writing, &status_time);
	if (cw_state_time(status, "time", &now))
		sample(&writing, &status_time, "", NULL, now);
	write_certificates(&writing);
	if (cw_json_object(status, "agent") != NULL)
		write_agent(&writing);
	if (format == CW_METRICS_OPEN)
		cw_buf_add_text(out, "# EOF\n");
}
