#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
test_rfc3339_is_read_with_zone_and_fraction(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} times[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1969-12-31T23:59:59Z", -1},
		{"2026-01-31T12:00:00Z", 1769860800},
		{"2026-01-31t12:00:00.999999999z", 1769860800},
		{"2026-01-31T14:30:00+02:30", 1769860800},
		{"2026-01-31T02:00:00.5-10:00", 1769860800},
		{"2000-02-29T00:00:00Z", 951782400},
		{"2038-01-19T03:14:08Z", INT64_C(2147483648)},
		{"2016-12-31T23:59:60Z", 1483228800},
		{"2017-01-01T00:59:60+01:00", 1483228800},
		{"0000-01-01T00:00:00Z", INT64_C(-62167219200)},
		{"9999-12-31T23:59:59Z", INT64_C(253402300799)},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(times); i++) {
		int64_t seconds = 1;

		assert_true(cw_parse_rfc3339(times[i].text, &seconds));
		assert_true(seconds == times[i].seconds);
	}
}

/* time_t may be too small for them. */
static void
test_times_far_away_are_those_of_the_calendar(void **state)
{
	struct tm parts = {.tm_year = 8099, .tm_mon = 11, .tm_mday = 31};

	(void)state;
	parts.tm_hour = 23, parts.tm_min = 59, parts.tm_sec = 59;
	assert_true(cw_seconds_of_utc(&parts) == INT64_C(253402300799));
	parts = (struct tm){.tm_year = 70, .tm_mday = 1};
	assert_true(cw_seconds_of_utc(&parts) == 0);
	/* 2048-03-31T00:00:01Z, and 29 February before it. */
	assert_true(cw_months_before(INT64_C(2469225601), 1) == INT64_C(2466547201));
	assert_true(cw_months_before(INT64_C(2469225601), 0) == INT64_C(2469225601));
	/* 1969-12-31T23:59:59Z, and a year before it. */
	assert_true(cw_months_before(-1, 12) == -1 - INT64_C(365) * 86400);
}

static void
test_rfc3339_refuses_nonsense(void **state)
{
	static const char *const wrong[] = {
		"",
		"2026",
		"2026-01-31",
		"2026-01-31T12:00:00",
		"2026-01-31T12:00:00Z ",
		" 2026-01-31T12:00:00Z",
		"2026-01-31 12:00:00Z",
		"2026-1-31T12:00:00Z",
		"2026-13-01T12:00:00Z",
		"2026-00-01T12:00:00Z",
		"2026-02-29T12:00:00Z",
		"1900-02-29T12:00:00Z",
		"2026-04-31T12:00:00Z",
		"2026-01-00T12:00:00Z",
		"2026-01-31T24:00:00Z",
		"2026-01-31T12:60:00Z",
		"2026-01-31T12:00:60Z",
		"2026-01-31T12:00:61Z",
		"2026-01-31T12:00:00.Z",
		"2026-01-31T12:00:00+0100",
		"2026-01-31T12:00:00+24:00",
		"2026-01-31T12:00:00+01:60",
		"2026-01-31T12:00:00+-1:00",
		"+026-01-31T12:00:00Z",
		"12026-01-31T12:00:00Z",
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(wrong); i++) {
		int64_t seconds = 42;

		if (cw_parse_rfc3339(wrong[i], &seconds) || seconds != 42)
			fail_msg("\"%s\" was read", wrong[i]);
	}
}

static void
test_formatted_times_are_those_of_the_c_library(void **state)
{
	(void)state;
	for (int64_t seconds = INT64_C(-62000000000); seconds < INT64_C(253000000000);
	     seconds += INT64_C(12345678901) / 7) {
		cw_autofree char *text = cw_format_utc(seconds);
		time_t moment = (time_t)seconds;
		int64_t again = 0;
		char expected[64];
		struct tm parts;

		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ",
			 gmtime_r(&moment, &parts));
		/* time_t may be too small for it. */
		if (moment == seconds && parts.tm_year + 1900 >= 1000)
			assert_string_equal(text, expected);
		assert_true(cw_parse_rfc3339(text, &again));
		assert_true(again == seconds);
	}
}

static void
test_every_day_of_four_centuries_round_trips(void **state)
{
	int64_t last = INT64_MIN;

	(void)state;
	for (int64_t day = -150000; day < 150000; day++) {
		cw_autofree char *text = cw_format_utc(day * 86400 + 86399);
		int64_t seconds = 0;

		assert_true(cw_parse_rfc3339(text, &seconds));
		assert_true(seconds == day * 86400 + 86399 && seconds > last);
		last = seconds;
	}
}

static void
test_the_ends_of_the_range_do_not_overflow(void **state)
{
	cw_autofree char *first = cw_format_utc(INT64_MIN), *last = cw_format_utc(INT64_MAX);

	(void)state;
	assert_string_equal(last, "292277026596-12-04T15:30:07Z");
	assert_string_equal(first, "-292277022657-01-27T08:29:52Z");
}

static void
test_all_three_http_dates_are_read(void **state)
{
	static const char *const same[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
					   "Sunday, 06-Nov-94 08:49:37 GMT",
					   "Sun Nov  6 08:49:37 1994"};
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(same); i++) {
		seconds = 0;
		assert_true(cw_parse_http_date(same[i], &seconds));
		assert_int_equal(seconds, 784111777);
	}
	assert_true(cw_parse_http_date("Wed Nov 16 08:49:37 1994", &seconds));
	assert_int_equal(seconds, 784975777);
}

static void
test_http_dates_refuse_nonsense(void **state)
{
	static const char *const wrong[] = {"",
					    "Sun, 06 Nov 1994 08:49:37",
					    "Sun, 06 Nov 1994 08:49:37 UTC",
					    "Sun, 06 Nov 1994 08:49:37 GMT ",
					    "Son, 06 Nov 1994 08:49:37 GMT",
					    "Sun, 6 Nov 1994 08:49:37 GMT",
					    "Sun, 31 Nov 1994 08:49:37 GMT",
					    "Sun, 06 nov 1994 08:49:37 GMT",
					    "Sun, 06 Nov 1994 25:49:37 GMT",
					    "Sunday, 06-Nov-1994 08:49:37 GMT",
					    "Sun Nov 6 08:49:37 1994",
					    "Sun Nov  0 08:49:37 1994"};
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(wrong); i++) {
		if (cw_parse_http_date(wrong[i], &seconds))
			fail_msg("\"%s\" was read", wrong[i]);
	}
}

static void
test_retry_after_is_bounded(void **state)
{
	int64_t year = INT64_C(365) * 86400 * 1000, wait = -1;
	char date[64];
	struct tm parts;
	time_t soon;

	(void)state;
	assert_true(cw_parse_retry_after("0", &wait));
	assert_int_equal(wait, 0);
	assert_true(cw_parse_retry_after("120", &wait));
	assert_int_equal(wait, 120000);
	assert_true(cw_parse_retry_after("99999999999999999999999999", &wait));
	assert_true(wait == year);
	assert_true(cw_parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", &wait));
	assert_true(wait == year);
	assert_true(cw_parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", &wait));
	assert_int_equal(wait, 0);
	soon = time(NULL) + 100;
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&soon, &parts));
	assert_true(cw_parse_retry_after(date, &wait));
	assert_in_range(wait, 95000, 100000);
	assert_false(cw_parse_retry_after("", &wait));
	assert_false(cw_parse_retry_after("-5", &wait));
	assert_false(cw_parse_retry_after("5.5", &wait));
	assert_false(cw_parse_retry_after("soon", &wait));
}

static void
test_random_numbers_stay_below_their_limit(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		uint64_t value = cw_random_below(7);

		assert_true(value < 7);
		seen |= 1U << value;
		assert_int_equal(cw_random_below(1), 0);
		assert_true(cw_random_below(UINT64_MAX) < UINT64_MAX);
	}
	assert_int_equal(seen, 0x7f);
}

static void
test_the_clocks_go_forward(void **state)
{
	int64_t start = cw_now_ms();

	(void)state;
	assert_true(cw_now_ms() >= start);
	assert_true(cw_time() >= 1700000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3339_is_read_with_zone_and_fraction),
		cmocka_unit_test(test_times_far_away_are_those_of_the_calendar),
		cmocka_unit_test(test_rfc3339_refuses_nonsense),
		cmocka_unit_test(test_formatted_times_are_those_of_the_c_library),
		cmocka_unit_test(test_every_day_of_four_centuries_round_trips),
		cmocka_unit_test(test_the_ends_of_the_range_do_not_overflow),
		cmocka_unit_test(test_all_three_http_dates_are_read),
		cmocka_unit_test(test_http_dates_refuse_nonsense),
		cmocka_unit_test(test_retry_after_is_bounded),
		cmocka_unit_test(test_random_numbers_stay_below_their_limit),
		cmocka_unit_test(test_the_clocks_go_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
