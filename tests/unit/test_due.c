#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "flow/due/due.h"
#include "flow/due/renewal_info.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY (24 * 3600)
#define NOW INT64_C(1800000000)

/* A lineage whose renewal file has these lines at its top. */
static struct cw_due
read_due(const char *lines, int64_t begin, int64_t end)
{
	struct cw_lineage lineage = {.renewal_path = (char *)"x.conf"};
	struct cw_certificate_summary certificate = {.not_before = begin, .not_after = end};
	struct cw_due due = {0};

	assert_int_equal(cw_configobj_parse(lines, strlen(lines), "x", &lineage.config, NULL),
			 CW_OK);
	cw_due_read(&lineage, &certificate, &due);
	cw_configobj_free(lineage.config);
	return due;
}

static void
test_lifetimes_make_due_after_two_thirds_or_half_when_short(void **state)
{
	struct cw_due due = read_due("", NOW, NOW + 90 * DAY);

	(void)state;
	assert_false(due.by_interval);
	assert_int_equal(due.when, NOW + 60 * DAY);
	assert_int_equal(read_due("", NOW, NOW + 10 * DAY - 2).when, NOW + 5 * DAY - 1);
	assert_int_equal(read_due("", NOW, NOW + 10 * DAY).when, NOW + 10 * DAY - 10 * DAY / 3);
	assert_int_equal(read_due("", NOW, NOW - DAY).when, NOW - DAY);
}

static void
test_renew_before_expiry_takes_units_and_days(void **state)
{
	static const struct {
		const char *lines;
		int64_t before;
	} cases[] = {
		{"renew_before_expiry = 30 days\n", 30 * DAY},
		{"renew_before_expiry = 30\n", 30 * DAY},
		{"renew_before_expiry = 1 day\n", DAY},
		{"renew_before_expiry = 12 hours\n", 12 * 3600},
		{"renew_before_expiry = 2 weeks\n", 14 * DAY},
		{"renew_before_expiry = 90 minutes\n", 5400},
		{"renew_before_expiry = 30days\n", 30 * DAY},
		{"renew_before_expiry = 1.5 days\n", 36 * 3600},
		{"renew_before_expiry = 1 Week 3 DAYS 2h\n", 10 * DAY + 7200},
		{"renew_before_expiry = two weeks and a day\n", 15 * DAY},
		{"renew_before_expiry = 10 mins 5 secs\n", 605},
		{"renew_before_expiry = 0.5 months\n", 15 * DAY},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_due due = read_due(cases[i].lines, NOW, NOW + 90 * DAY);

		assert_true(due.by_interval);
		assert_int_equal(due.when, NOW + 90 * DAY - cases[i].before);
	}
	assert_false(read_due("renew_before_expiry = None\n", NOW, NOW + DAY).by_interval);
}

/* 2027-03-31T08:00:00Z, and instants before it. */
#define END_OF_MARCH INT64_C(1806480000)

static void
test_months_and_years_are_those_of_the_calendar(void **state)
{
	static const struct {
		const char *lines;
		int64_t when;
	} cases[] = {
		{"renew_before_expiry = 1 month\n", END_OF_MARCH - 31 * DAY}, /* 28 February */
		{"renew_before_expiry = 3 months\n", END_OF_MARCH - 90 * DAY},
		{"renew_before_expiry = 1 month 3 days\n", END_OF_MARCH - 34 * DAY},
		{"renew_before_expiry = 1 YEAR\n", END_OF_MARCH - 365 * DAY},
		{"renew_before_expiry = 13 mths\n", END_OF_MARCH - (365 + 31) * DAY},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++)
		assert_int_equal(
			read_due(cases[i].lines, END_OF_MARCH - 90 * DAY, END_OF_MARCH).when,
			cases[i].when);
}

static void
test_the_words_around_an_interval(void **state)
{
	static const struct {
		const char *interval;
		int64_t days;
	} cases[] = {
		{"+30 days", 30},
		{"+ 30 days", 30},
		{"+30", 30},
		{"+30d", 30},
		{"+4 weeks +2 days", 30},
		{"4 weeks + 2 days", 30},
		{"4 weeks & 2 days", 30},
		{"in 30 days", 30},
		{"In 30 Days", 30},
		{"IN  30  DAYS", 30},
		{"in +30 days", 30},
		{"in 4 weeks and 2 days", 30},
		{"in thirty days", 30},
		{"within 30 days", 30},
		{"30 days from now", 30},
		{"in a week", 7},
		{"+one week", 7},
		{"thirteen days", 13},
		{"Twenty Days", 20},
		{"ninety days", 90},
		{"in 30", 30},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_autofree char *line = cw_format("renew_before_expiry = %s\n", cases[i].interval);
		struct cw_due due = read_due(line, NOW, NOW + 90 * DAY);

		assert_true(due.by_interval);
		assert_int_equal(due.when, NOW + (90 - cases[i].days) * DAY);
	}
}

static void
test_what_is_longer_than_any_lifetime_is_always_due(void **state)
{
	static const char *const lines[] = {
		"renew_before_expiry = 100 years\n",
		"renew_before_expiry = 999999999999999999999999 years\n",
		"renew_before_expiry = 99999999999999999999 days\n",
		"renew_before_expiry = 36525\n",
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(lines); i++) {
		struct cw_due due = read_due(lines[i], NOW, NOW + 90 * DAY);

		assert_true(due.by_interval);
		assert_true(cw_due_anyway(&due, 0));
	}
}

static void
test_what_is_no_interval_leaves_the_lifetime(void **state)
{
	static const char *const lines[] = {
		"renew_before_expiry = soon\n",
		"renew_before_expiry = 3 fortnights\n",
		"renew_before_expiry = 1 month 3\n",
		"renew_before_expiry = days\n",
		"renew_before_expiry = -3 days\n",
		"renew_before_expiry = ''\n",
		"renew_before_expiry = 30 days !\n",
		"renew_before_expiry = +\n",
		"renew_before_expiry = in\n",
		"renew_before_expiry = ++30 days\n",
		"renew_before_expiry = in days\n",
		"renew_before_expiry = +-30 days\n",
		"renew_before_expiry = a\n",
		"renew_before_expiry = ten\n",
		"renew_before_expiry = 30 days from\n",
		"renew_before_expiry = 30 days ago\n",
		"renew_before_expiry = 1 month - 3 days\n",
		"renew_before_expiry = indays\n",
		"renew_before_expiry = from now\n",
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(lines); i++) {
		struct cw_due due = read_due(lines[i], NOW, NOW + 90 * DAY);

		assert_false(due.by_interval);
		assert_true(due.is_unclear);
		assert_int_equal(due.when, NOW + 60 * DAY);
	}
}

static void
test_the_cas_advice_stands_before_the_lifetime_only(void **state)
{
	struct cw_due lifetime = {.expiry = NOW + 30 * DAY, .when = NOW - DAY};
	struct cw_due early = {.expiry = NOW + 80 * DAY, .when = NOW + 50 * DAY};
	struct cw_due interval = {.expiry = NOW + 30 * DAY, .when = NOW - DAY, .by_interval = true};
	struct cw_due expired = {.expiry = NOW, .when = NOW - 30 * DAY};

	(void)state;
	assert_true(cw_due_decide(&lifetime, CW_ADVICE_NONE, NOW));
	assert_false(cw_due_decide(&lifetime, CW_ADVICE_WAIT, NOW));
	assert_true(cw_due_decide(&early, CW_ADVICE_RENEW, NOW));
	assert_false(cw_due_decide(&early, CW_ADVICE_NONE, NOW));
	assert_true(cw_due_decide(&interval, CW_ADVICE_WAIT, NOW));
	assert_true(cw_due_decide(&expired, CW_ADVICE_WAIT, NOW));
	interval.when = NOW + DAY;
	assert_false(cw_due_decide(&interval, CW_ADVICE_NONE, NOW));
	assert_true(cw_due_decide(&interval, CW_ADVICE_RENEW, NOW));
}

static void
test_the_instant_is_uniform_in_the_window(void **state)
{
	unsigned due = 0;

	(void)state;
	assert_int_equal(cw_due_by_window(NOW + 1, NOW + DAY, NOW), CW_ADVICE_WAIT);
	assert_int_equal(cw_due_by_window(NOW - DAY, NOW, NOW), CW_ADVICE_RENEW);
	for (unsigned i = 0; i < 4000; i++)
		due += cw_due_by_window(NOW - DAY, NOW + 3 * DAY, NOW) == CW_ADVICE_RENEW;
	/* 1000 are expected; 27 is one standard deviation. */
	assert_in_range(due, 800, 1200);
}

static void
test_ask_again_is_local_time_without_a_zone_and_within_a_day(void **state)
{
	static const char *const zones[] = {"UTC", "Europe/Berlin", "America/New_York"};
	struct cw_configobj *config = cw_configobj_new();

	(void)state;
	for (size_t i = 0; i < CW_COUNT(zones); i++) {
		setenv("TZ", zones[i], 1);
		tzset();
		cw_ask_again_write(config, NOW + 3600);
		assert_int_equal(cw_ask_again_read(config, NOW), NOW + 3600);
		assert_int_equal(cw_ask_again_read(config, NOW + 3600), 0);
		assert_int_equal(cw_ask_again_read(config, NOW - 2 * DAY), 0);
	}
	setenv("TZ", "UTC", 1);
	tzset();
	cw_ask_again_write(config, NOW);
	assert_string_equal(cw_configobj_get(config, "acme_renewal_info", "ari_retry_after"),
			    "2027-01-15T08:00:00");
	cw_configobj_set(config, "acme_renewal_info", "ari_retry_after",
			 "2027-01-15T08:00:00+00:00");
	assert_int_equal(cw_ask_again_read(config, NOW - 60), 0);
	cw_configobj_free(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lifetimes_make_due_after_two_thirds_or_half_when_short),
		cmocka_unit_test(test_renew_before_expiry_takes_units_and_days),
		cmocka_unit_test(test_months_and_years_are_those_of_the_calendar),
		cmocka_unit_test(test_the_words_around_an_interval),
		cmocka_unit_test(test_what_is_longer_than_any_lifetime_is_always_due),
		cmocka_unit_test(test_what_is_no_interval_leaves_the_lifetime),
		cmocka_unit_test(test_the_cas_advice_stands_before_the_lifetime_only),
		cmocka_unit_test(test_the_instant_is_uniform_in_the_window),
		cmocka_unit_test(test_ask_again_is_local_time_without_a_zone_and_within_a_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
