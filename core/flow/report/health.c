#include "flow/report/health.h"
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/printable.h"
#include "base/text.h"
#include "flow/report/state.h"
#include "flow/report/words.h"

#define HOUR 3600
#define DAY (24 * HOUR)
#define BY_LIFETIME (-1)
#define DAYS_MAX 36500

const struct cw_health_limits cw_health_defaults = {
	.warning = BY_LIFETIME, .critical = BY_LIFETIME, .self_signed = HOUR};

/* By enum cw_health. */
static const char *const names[] = {"ok", "warning", "critical"};

const char *
cw_health_name(enum cw_health health)
{
	return names[health];
}

/* What is found, the worst and first of all. */
struct finding {
	enum cw_health is;
	char *reason;
};

/* States that need no further look. */
static const struct {
	const char *state;
	const char *reason; /* unless a problem says more */
} bad_states[] = {
	{"missing", "there is no certificate"},
	{"broken", "the certificate or its renewal file cannot be read"},
	{"revoked", "it is revoked"},
};

/* Problems that somebody chose to have. */
static const char *const chosen[] = {"autorenew", "test"};

static void
find(struct finding *finding, enum cw_health is, char *reason)
{
	if (is > finding->is) {
		finding->is = is;
		free(finding->reason);
		finding->reason = reason;
	} else {
		free(reason);
	}
}

static struct json_object *
problem_at(struct json_object *certificate, size_t index)
{
	struct json_object *problems = cw_json_array(certificate, "problems");

	if (problems == NULL || index >= json_object_array_length(problems))
		return NULL;
	return json_object_array_get_idx(problems, index);
}

static void
look_at_state(struct json_object *certificate, struct finding *finding)
{
	for (size_t i = 0; i < CW_COUNT(bad_states); i++) {
		char *message;

		if (!cw_state_is(certificate, "state", bad_states[i].state))
			continue;
		message = cw_json_prose(problem_at(certificate, 0), "message");
		find(finding, CW_HEALTH_CRITICAL,
		     message != NULL ? message : cw_strdup(bad_states[i].reason));
	}
}

/* The time before expiry when DONE quarters of the time for renewing are over. */
static int64_t
quarters_left(struct json_object *certificate, int64_t expiry, int done)
{
	int64_t start, begin;

	if (!cw_state_time(cw_json_object(certificate, "window"), "start", &start))
		start = cw_state_time(certificate, "not_before", &begin)
				? expiry - (expiry - begin) / 3
				: expiry;
	return (expiry - start) / 4 * (4 - done);
}

static void
look_at_expiry(struct json_object *certificate, const struct cw_health_limits *limits, int64_t now,
	       struct finding *finding)
{
	int64_t expiry, left, critical, warning;
	cw_autofree char *time = NULL;

	if (!cw_state_time(certificate, "expiry", &expiry))
		return;
	left = expiry - now;
	time = cw_words_duration(left < 0 ? -left : left);
	critical = limits->critical >= 0 ? limits->critical : quarters_left(certificate, expiry, 3);
	warning = limits->warning >= 0 ? limits->warning : quarters_left(certificate, expiry, 2);
	if (left <= 0)
		find(finding, CW_HEALTH_CRITICAL, cw_format("it expired %s ago", time));
	else if (left <= critical || left <= warning)
		find(finding, left <= critical ? CW_HEALTH_CRITICAL : CW_HEALTH_WARNING,
		     cw_format("it expires in %s%s", time,
			       cw_state_is(certificate, "origin", "provided")
				       ? ": provide a new one"
				       : ""));
}

static void
look_at_origin(struct json_object *certificate, const struct cw_health_limits *limits, int64_t now,
	       struct finding *finding)
{
	cw_autofree char *time = NULL;
	int64_t since;

	if (!cw_state_is(certificate, "origin", "self-signed") ||
	    !cw_state_time(certificate, "not_before", &since))
		return;
	time = cw_words_duration(now > since ? now - since : 0);
	find(finding, now - since > limits->self_signed ? CW_HEALTH_CRITICAL : CW_HEALTH_WARNING,
	     cw_format("it has been self-signed for %s", time));
}

static bool
is_chosen(struct json_object *certificate, struct json_object *problem)
{
	for (size_t i = 0; i < CW_COUNT(chosen); i++)
		if (cw_state_is(problem, "kind", chosen[i]))
			return i > 0 || !cw_state_is(certificate, "state", "due");
	return false;
}

static void
look_at_problems(struct json_object *certificate, struct finding *finding)
{
	struct json_object *problem;

	if (cw_state_is(certificate, "state", "failing"))
		find(finding, CW_HEALTH_WARNING,
		     cw_json_prose(cw_json_object(certificate, "last_failure"), "message"));
	for (size_t i = 0; (problem = problem_at(certificate, i)) != NULL; i++)
		if (!is_chosen(certificate, problem))
			find(finding, CW_HEALTH_WARNING, cw_json_prose(problem, "message"));
}

/* Why it is so near to its end. */
static void
add_failure(struct json_object *certificate, struct finding *finding)
{
	struct json_object *failure = cw_json_object(certificate, "last_failure");
	cw_autofree char *message = cw_json_prose(failure, "message");
	char *both;

	if (message == NULL || finding->reason == NULL || strstr(finding->reason, message) != NULL)
		return;
	both = cw_format("%s: %s", finding->reason, message);
	free(finding->reason);
	finding->reason = both;
}

static enum cw_health
judge(struct json_object *certificate, const struct cw_health_limits *limits, int64_t now)
{
	struct finding finding = {.is = CW_HEALTH_OK};

	look_at_state(certificate, &finding);
	look_at_expiry(certificate, limits, now, &finding);
	look_at_origin(certificate, limits, now, &finding);
	look_at_problems(certificate, &finding);
	add_failure(certificate, &finding);
	cw_json_set_string(certificate, "health", cw_health_name(finding.is));
	cw_json_set_string(certificate, "attention", finding.reason);
	free(finding.reason);
	return finding.is;
}

void
cw_health_judge(struct json_object *status, const struct cw_health_limits *limits)
{
	struct json_object *certificates = cw_json_array(status, "certificates");
	struct json_object *summary = cw_json_new_object();
	size_t count = certificates != NULL ? json_object_array_length(certificates) : 0;
	enum cw_health worst = CW_HEALTH_OK;
	int64_t by[CW_COUNT(names)] = {0};
	int64_t now = 0;

	cw_state_time(status, "time", &now);
	for (size_t i = 0; i < count; i++) {
		struct json_object *certificate = json_object_array_get_idx(certificates, i);
		enum cw_health is;

		if (!json_object_is_type(certificate, json_type_object))
			continue;
		is = judge(certificate, limits, now);
		by[is]++;
		worst = is > worst ? is : worst;
	}
	cw_json_set_string(summary, "health", cw_health_name(worst));
	for (size_t i = 0; i < CW_COUNT(names); i++)
		cw_json_set_int(summary, names[i], by[i]);
	cw_json_set(status, "summary", summary);
}

enum cw_health
cw_health_read(struct json_object *judged)
{
	for (size_t i = CW_COUNT(names) - 1; i > 0; i--)
		if (cw_state_is(judged, "health", names[i]))
			return (enum cw_health)i;
	return CW_HEALTH_OK;
}

size_t
cw_health_count(struct json_object *status, size_t *attention)
{
	struct json_object *summary = cw_json_object(status, "summary");

	*attention = (size_t)(cw_json_int(summary, names[CW_HEALTH_WARNING], 0) +
			      cw_json_int(summary, names[CW_HEALTH_CRITICAL], 0));
	return (size_t)cw_json_int(summary, names[CW_HEALTH_OK], 0) + *attention;
}

char *
cw_health_headline(struct json_object *status)
{
	size_t attention, total = cw_health_count(status, &attention);
	cw_autofree char *count = cw_words_count(total, "certificate", "certificates");

	if (total == 0)
		return cw_strdup("No certificates");
	if (attention == 0)
		return cw_format("%s; none needs attention", count);
	return cw_format("%s; %zu %s attention", count, attention,
			 attention == 1 ? "needs" : "need");
}

char *
cw_health_answer(struct json_object *status, unsigned *http_status)
{
	struct json_object *certificates = cw_json_array(status, "certificates");
	cw_auto_buf struct cw_buf text = {0};

	for (size_t i = 0; certificates != NULL && i < json_object_array_length(certificates);
	     i++) {
		struct json_object *certificate = json_object_array_get_idx(certificates, i);
		cw_autofree char *reason = cw_json_prose(certificate, "attention");
		cw_autofree char *name = cw_json_prose(certificate, "name");

		if (cw_health_read(certificate) != CW_HEALTH_CRITICAL)
			continue;
		cw_buf_add_text(&text, "critical: ");
		cw_add_printable(&text, name != NULL ? name : "", false);
		cw_buf_add_text(&text, ": ");
		cw_add_printable(&text, reason != NULL ? reason : "", false);
		cw_buf_add_char(&text, '\n');
	}
	*http_status = text.length == 0 ? 200 : 503;
	if (text.length == 0)
		cw_buf_add_text(&text, "ok\n");
	return cw_buf_take(&text);
}

/* The number of the option INTERNAL times UNIT; OTHERWISE if it is not given. */
static int
read_limit(const struct cw_settings *settings, const char *internal, int64_t unit,
	   int64_t otherwise, int64_t *limit, struct cw_error *error)
{
	const char *value = cw_settings_get(settings, internal);
	uint64_t number;

	*limit = otherwise;
	if (value == NULL)
		return CW_OK;
	if (!cw_parse_uint(value, DAYS_MAX, &number))
		return cw_fail(error, CW_E_USAGE, "\"%s\" is not a number from 0 to %d", value,
			       DAYS_MAX);
	*limit = (int64_t)number * unit;
	return CW_OK;
}

int
cw_health_limits_read(const struct cw_settings *settings, struct cw_health_limits *limits,
		      struct cw_error *error)
{
	int status = read_limit(settings, "warning_days", DAY, cw_health_defaults.warning,
				&limits->warning, error);

	if (status == CW_OK)
		status = read_limit(settings, "critical_days", DAY, cw_health_defaults.critical,
				    &limits->critical, error);
	if (status == CW_OK)
		status = read_limit(settings, "self_signed_hours", HOUR,
				    cw_health_defaults.self_signed, &limits->self_signed, error);
	if (status == CW_OK && limits->warning >= 0 && limits->critical > limits->warning) {
		status = cw_fail(error, CW_E_USAGE,
				 "--critical-days cannot be more than --warning-days");
		cw_hint(error, "a certificate is first a warning, then critical");
	}
	return status;
}
