#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/text.h"
#include "flow/report/describe.h"
#include "flow/report/failure.h"
#include "flow/report/health.h"
#include "flow/report/metrics.h"
#include "flow/report/nagios.h"
#include "flow/report/page.h"
#include "flow/report/state.h"
#include "flow/report/table.h"
#include "flow/report/words.h"

#define HOUR 3600
#define DAY (24 * HOUR)
#define NOW 1796018400 /* 2026-11-30T06:00:00Z */

static struct json_object *
parse(const char *text)
{
	struct json_object *value = NULL;

	assert_int_equal(cw_json_parse(text, strlen(text), "it", &value, NULL), CW_OK);
	return value;
}

/* A certificate of 90 days of which PAST are over, with more MEMBERS. */
static char *
certificate(const char *name, int64_t past, const char *members)
{
	cw_autofree char *begin = cw_format_utc(NOW - past * DAY);
	cw_autofree char *due = cw_format_utc(NOW + (60 - past) * DAY);
	cw_autofree char *end = cw_format_utc(NOW + (90 - past) * DAY);

	return cw_format("{\"name\":\"%s\",\"domains\":[\"%s\"],\"not_before\":\"%s\","
			 "\"expiry\":\"%s\",\"window\":{\"start\":\"%s\",\"end\":\"%s\"}%s}",
			 name, name, begin, end, due, end, members);
}

/* A judged document with them, which are freed. */
static struct json_object *
document(const struct cw_health_limits *limits, ...)
{
	cw_auto_strv struct cw_strv all = {0};
	cw_autofree char *joined = NULL, *text = NULL;
	struct json_object *status;
	va_list arguments;

	va_start(arguments, limits);
	for (char *item; (item = va_arg(arguments, char *)) != NULL;)
		cw_strv_take(&all, item);
	va_end(arguments);
	joined = cw_strv_join(&all, ",");
	text = cw_format("{\"format\":1,\"program\":\"certwright 1.0\","
			 "\"time\":\"2026-11-30T06:00:00Z\",\"certificates\":[%s]}",
			 joined);
	status = parse(text);
	cw_health_judge(status, limits);
	return status;
}

static struct json_object *
at(struct json_object *status, size_t index)
{
	return json_object_array_get_idx(cw_json_array(status, "certificates"), index);
}

static void
test_a_state_follows_from_the_other_members(void **state)
{
	static const struct {
		int past;
		const char *members;
		const char *state;
	} cases[] = {
		{59, "", "valid"},
		{60, "", "due"},
		{60, ",\"last_failure\":{\"message\":\"no\"}", "failing"},
		{59, ",\"last_failure\":{\"message\":\"no\"}", "valid"},
		{90, "", "expired"},
		{90, ",\"state\":\"revoked\"", "revoked"},
		{1, ",\"state\":\"missing\"", "missing"},
		{1, ",\"state\":\"due\"", "valid"},
		{1, ",\"origin\":\"self-signed\"", "self-signed"},
		{90, ",\"origin\":\"self-signed\"", "expired"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_autofree char *text = certificate("a", cases[i].past, cases[i].members);
		cw_auto_json struct json_object *one = parse(text);

		cw_state_judge(one, NOW);
		assert_string_equal(cw_json_string(one, "state"), cases[i].state);
	}
}

static void
test_attention_grows_as_the_time_for_renewing_passes(void **state)
{
	/* 30 days for renewing: half and three quarters of them. */
	static const struct {
		int past;
		struct cw_health_limits limits;
		const char *health;
		const char *attention;
	} cases[] = {
		{74, {-1, -1, HOUR}, "ok", NULL},
		{75, {-1, -1, HOUR}, "warning", "it expires in 15 days"},
		{82, {-1, -1, HOUR}, "warning", "it expires in 8 days"},
		{83, {-1, -1, HOUR}, "critical", "it expires in 7 days"},
		{91, {-1, -1, HOUR}, "critical", "it expired 24 hours ago"},
		{59, {30 * DAY, 10 * DAY, HOUR}, "ok", NULL},
		{60, {30 * DAY, 10 * DAY, HOUR}, "warning", "it expires in 30 days"},
		{80, {30 * DAY, 10 * DAY, HOUR}, "critical", "it expires in 10 days"},
		{89, {0, 0, HOUR}, "ok", NULL},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto_json struct json_object *status =
			document(&cases[i].limits, certificate("a", cases[i].past, ""), NULL);

		assert_string_equal(cw_json_string(at(status, 0), "health"), cases[i].health);
		assert_true(
			cw_equal(cw_json_string(at(status, 0), "attention"), cases[i].attention));
	}
}

static void
test_what_somebody_chose_needs_no_attention_before_it_matters(void **state)
{
	static const struct {
		const char *state;
		const char *kind;
		const char *health;
	} cases[] = {
		{"valid", "autorenew", "ok"},    {"due", "autorenew", "warning"},
		{"valid", "test", "ok"},         {"due", "test", "ok"},
		{"valid", "renewal", "warning"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_autofree char *members = cw_format(",\"state\":\"%s\",\"problems\":[{\"kind\":"
						      "\"%s\",\"message\":\"it is so\"}]",
						      cases[i].state, cases[i].kind);
		cw_auto_json struct json_object *status =
			document(&cw_health_defaults, certificate("a", 1, members), NULL);

		assert_string_equal(cw_json_string(at(status, 0), "health"), cases[i].health);
	}
}

static void
test_a_failure_is_told_by_its_kind_and_in_one_sentence(void **state)
{
	static const struct {
		const char *error;
		const char *kind;
	} cases[] = {
		{"{\"status\":\"acme\",\"problem\":{\"type\":\"urn:ietf:params:acme:error:"
		 "rateLimited\"}}",
		 "rate-limit"},
		{"{\"status\":\"acme\",\"parts\":[{\"status\":\"acme\"},{\"problem\":{\"type\":"
		 "\"urn:ietf:params:acme:error:dns\"}}]}",
		 "dns"},
		{"{\"status\":\"acme\",\"problem\":{\"type\":\"dns\"}}", "dns"},
		{"{\"status\":\"network\"}", "ca-down"},
		{"{\"status\":\"plugin\"}", "plugin"},
		{"{\"status\":\"acme\",\"problem\":{\"type\":\"urn:ietf:params:acme:error:new\"}}",
		 "other"},
		{"{}", "other"},
	};
	cw_auto_json struct json_object *error =
		parse("{\"message\":\"two names failed\",\"parts\":[{\"message\":\"a is wrong\"},"
		      "{\"message\":\"b is too\",\"hint\":\"make b right\"},{\"message\":\"two "
		      "names\"}]}");
	cw_autofree char *message = cw_failure_message(error);

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto_json struct json_object *one = parse(cases[i].error);

		assert_string_equal(cw_failure_kind(one), cases[i].kind);
	}
	assert_string_equal(message, "two names failed; a is wrong; b is too");
	assert_string_equal(cw_failure_hint(error), "make b right");
}

static void
test_times_are_said_as_people_say_them(void **state)
{
	static const struct {
		int64_t seconds;
		const char *words;
	} cases[] = {
		{0, "less than a minute"}, {59, "less than a minute"}, {60, "1 minute"},
		{HOUR - 1, "59 minutes"},  {HOUR, "1 hour"},           {2 * DAY - 1, "47 hours"},
		{2 * DAY, "2 days"},       {99 * DAY, "99 days"},      {100 * DAY, "3 months"},
		{729 * DAY, "24 months"},  {730 * DAY, "2 years"},
	};
	cw_autofree char *ahead = cw_words_relative(NOW + 3 * DAY, NOW);
	cw_autofree char *behind = cw_words_relative(NOW - HOUR, NOW);
	cw_autofree char *now = cw_words_relative(NOW - 59, NOW);

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_autofree char *words = cw_words_duration(cases[i].seconds);

		assert_string_equal(words, cases[i].words);
	}
	assert_string_equal(ahead, "in 3 days");
	assert_string_equal(behind, "1 hour ago");
	assert_string_equal(now, "now");
}

static void
test_labels_of_metrics_are_escaped(void **state)
{
	cw_auto_json struct json_object *status =
		document(&cw_health_defaults,
			 certificate("a\\\"b\\\\c\\n", 1, ",\"state\":\"valid\""), NULL);
	cw_auto_buf struct cw_buf text = {0};

	(void)state;
	cw_metrics_write(status, CW_METRICS_TEXT, &text);
	assert_non_null(strstr(cw_buf_text(&text),
			       "\ncertwright_certificate_state{name=\"a\\\"b\\\\c\\n\","
			       "state=\"valid\"} 1\n"));
	assert_null(strstr(cw_buf_text(&text), "# EOF"));
	assert_null(strstr(cw_buf_text(&text), "certwright_ca_requests"));
	cw_buf_truncate(&text, 0);
	cw_metrics_write(status, CW_METRICS_OPEN, &text);
	assert_true(cw_ends_with(cw_buf_text(&text), "\n# EOF\n"));
}

static void
test_performance_data_begins_at_one_bar(void **state)
{
	cw_auto_json struct json_object *status =
		document(&cw_health_defaults, certificate("a|b", 76, ""),
			 certificate("worse", 91, ""), NULL);
	cw_auto_strv struct cw_strv lines = {0};

	(void)state;
	assert_int_equal(cw_nagios_write(status, &lines), CW_NAGIOS_CRITICAL);
	assert_int_equal(lines.count, 3);
	assert_string_equal(lines.items[0],
			    "CERTWRIGHT CRITICAL - 2 certificates; 2 need attention | "
			    "certificates=2 warning=1 critical=1 next_expiry=-86400s");
	assert_string_equal(lines.items[1], "CRITICAL worse: it expired 24 hours ago");
	assert_string_equal(lines.items[2], "WARNING a/b: it expires in 14 days");
}

static void
assert_table(struct json_object *status, size_t width, const char *expected)
{
	const struct cw_table_style style = {.width = width};
	cw_auto_buf struct cw_buf text = {0};

	cw_table_write(status, &style, &text);
	assert_string_equal(cw_buf_text(&text), expected);
}

static void
test_a_table_leaves_out_what_has_no_room(void **state)
{
	cw_auto_json struct json_object *status = document(
		&cw_health_defaults,
		certificate("good.example.org", 45, ",\"state\":\"valid\",\"origin\":\"acme\""),
		certificate("bad.example.org", 81,
			    ",\"state\":\"failing\",\"origin\":\"acme\",\"last_failure\":"
			    "{\"message\":\"no answer\",\"hint\":\"ask again\"}"),
		NULL);

	(void)state;
	assert_table(status, 60,
		     "2 certificates; 1 needs attention\n\n"
		     "! bad.example.org   renewal fails  expires in 9 days\n"
		     "    it expires in 9 days: no answer\n"
		     "    -> ask again\n"
		     "  good.example.org  valid          expires in 45 days\n");
	assert_table(status, 120,
		     "2 certificates; 1 needs attention\n\n"
		     "! bad.example.org   renewal fails  expires in 9 days   "
		     "=============#####~~  not renewed automatically\n"
		     "    it expires in 9 days: no answer\n"
		     "    -> ask again\n"
		     "  good.example.org  valid          expires in 45 days  "
		     "==========---~~~~~~~  not renewed automatically\n"
		     "\n= past  - to come  #~ renewal window\n");
}

static void
test_a_page_says_its_policy_in_a_file_alone(void **state)
{
	cw_auto_json struct json_object *status =
		document(&cw_health_defaults, certificate("<b>", 1, ",\"state\":\"valid\""), NULL);
	cw_autofree char *policy = cw_page_policy(false);
	cw_autofree char *in_header = cw_page_policy(true);
	cw_auto_buf struct cw_buf page = {0};

	(void)state;
	cw_page_write(status, true, &page);
	assert_non_null(strstr(cw_buf_text(&page), policy));
	assert_non_null(strstr(cw_buf_text(&page), "<h3>&lt;b&gt;</h3>"));
	assert_null(strstr(cw_buf_text(&page), "<b>"));
	cw_buf_truncate(&page, 0);
	cw_page_write(status, false, &page);
	assert_null(strstr(cw_buf_text(&page), "Content-Security-Policy"));
	assert_true(cw_starts_with(in_header, policy));
	/* Nothing of a template is left. */
	for (const char *word = cw_buf_text(&page); (word = strchr(word, '@')) != NULL; word++)
		assert_true(cw_starts_with(word, "@media"));
}

static void
test_an_empty_or_strange_document_is_survived(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"certificates\":[]}",
		"{\"certificates\":[{}]}",
		"{\"certificates\":{}, \"time\":7,\"servers\":[{}],\"agent\":{}}",
		("{\"certificates\":[{\"name\":null,\"domains\":[null,7],\"expiry\":\"soon\","
		 "\"window\":[],\"next\":{\"action\":\"x\"},\"problems\":[{},7,null]}]}"),
		"{\"certificates\":[7,null]}"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(texts); i++) {
		cw_auto_json struct json_object *status = parse(texts[i]);
		const struct cw_table_style style = {.width = 120};
		cw_auto_buf struct cw_buf text = {0};
		cw_auto_strv struct cw_strv lines = {0};
		cw_autofree char *answer = NULL;
		unsigned http_status;

		cw_health_judge(status, &cw_health_defaults);
		cw_page_write(status, true, &text);
		cw_metrics_write(status, CW_METRICS_OPEN, &text);
		cw_table_write(status, &style, &text);
		cw_nagios_write(status, &lines);
		answer = cw_health_answer(status, &http_status);
		assert_non_null(answer);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_state_follows_from_the_other_members),
		cmocka_unit_test(test_attention_grows_as_the_time_for_renewing_passes),
		cmocka_unit_test(test_what_somebody_chose_needs_no_attention_before_it_matters),
		cmocka_unit_test(test_a_failure_is_told_by_its_kind_and_in_one_sentence),
		cmocka_unit_test(test_times_are_said_as_people_say_them),
		cmocka_unit_test(test_labels_of_metrics_are_escaped),
		cmocka_unit_test(test_performance_data_begins_at_one_bar),
		cmocka_unit_test(test_a_table_leaves_out_what_has_no_room),
		cmocka_unit_test(test_a_page_says_its_policy_in_a_file_alone),
		cmocka_unit_test(test_an_empty_or_strange_document_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
