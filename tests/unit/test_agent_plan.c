#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "flow/agent/plan.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 24 * HOUR };
#define NOW INT64_C(1800000000)

/* One of 90 days that is a day old. */
static struct cw_plan_facts
fresh(void)
{
	return (struct cw_plan_facts){
		.now = NOW, .expiry = NOW + 89 * DAY, .is_renewed = true, .when = NOW + 59 * DAY};
}

static void
test_lifetime_decides_with_jitter_and_once(void **state)
{
	struct cw_plan_facts facts = fresh();
	struct cw_plan_choice choice = {0};
	int64_t first, again;

	(void)state;
	assert_int_equal(cw_plan_next(&facts, &choice, &first), CW_PLAN_RENEW);
	assert_in_range(first, facts.when, facts.when + 3 * DAY);
	facts.now += 30 * DAY;
	assert_int_equal(cw_plan_next(&facts, &choice, &again), CW_PLAN_RENEW);
	assert_int_equal(again, first);
	/* Not what has passed, but now. */
	facts.now = first + HOUR;
	cw_plan_next(&facts, &choice, &again);
	assert_int_equal(again, facts.now);
}

static void
test_window_of_the_ca_is_kept_until_it_changes(void **state)
{
	struct cw_plan_facts facts = fresh();
	struct cw_plan_choice choice = {0};
	int64_t time, chosen;

	(void)state;
	facts.start = NOW + 10 * DAY;
	facts.end = NOW + 11 * DAY;
	facts.ask_again = NOW + 6 * HOUR;
	assert_int_equal(cw_plan_next(&facts, &choice, &time), CW_PLAN_ASK);
	assert_in_range(time, facts.ask_again, facts.ask_again + 10 * MINUTE);
	chosen = choice.time;
	assert_in_range(chosen, facts.start, facts.end - 1);
	/* It may not be asked yet, or does not answer. */
	facts.start = facts.end = 0;
	cw_plan_next(&facts, &choice, &time);
	assert_int_equal(choice.time, chosen);
	facts.ask_again = 0;
	facts.unanswered = true;
	assert_int_equal(cw_plan_next(&facts, &choice, &time), CW_PLAN_ASK);
	assert_int_equal(choice.time, chosen);
	assert_in_range(time, NOW + MINUTE, NOW + 6 * HOUR);
	/* Another window, which is over: RFC 9773 section 4.2. */
	facts.start = NOW - 2 * HOUR;
	facts.end = NOW - HOUR;
	assert_int_equal(cw_plan_next(&facts, &choice, &time), CW_PLAN_RENEW);
	assert_int_equal(time, NOW);
	/* A CA that has no renewal information any more. */
	facts = fresh();
	assert_int_equal(cw_plan_next(&facts, &choice, &time), CW_PLAN_RENEW);
	assert_false(choice.by_ca);
	assert_in_range(time, facts.when, facts.when + 3 * DAY);
}

static void
test_what_cannot_wait_and_what_is_not_renewed(void **state)
{
	struct cw_plan_facts facts = fresh();
	struct cw_plan_choice choice = {0};
	int64_t time;

	(void)state;
	facts.is_renewed = false;
	assert_int_equal(cw_plan_next(&facts, &choice, &time), CW_PLAN_CHECK);
	assert_true(time == CW_PLAN_NEVER);
	facts.due = true;
	assert_int_equal(cw_plan_next(&facts, &choice, &time), CW_PLAN_RENEW);
	assert_int_equal(time, NOW);
}

static void
test_short_lifetimes_are_asked_about_sooner(void **state)
{
	struct cw_plan_facts facts = fresh();
	struct cw_plan_choice choice = {0};
	int64_t time;

	(void)state;
	facts.expiry = NOW + HOUR;
	facts.when = NOW + 40 * MINUTE;
	facts.ask_again = NOW + 30;
	assert_int_equal(cw_plan_next(&facts, &choice, &time), CW_PLAN_ASK);
	assert_in_range(time, NOW + 30, NOW + 30 + 36);
}

static void
test_waits_grow_from_a_minute_to_a_day(void **state)
{
	static const char *const kinds[] = {"dns",   "challenge", "ca-down", "account",   "disk",
					    "other", "plugin",    "hook",    "rate-limit"};
	int64_t far = NOW + 1000 * DAY;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(kinds); i++) {
		int64_t before = 0;

		for (unsigned attempts = 1; attempts < 100; attempts++) {
			int64_t wait = cw_plan_retry(kinds[i], attempts, NOW, far, 0) - NOW;

			assert_in_range(wait, MINUTE, DAY);
			/* But for the jitter. */
			assert_true(wait >= before * 9 / 10);
			before = wait;
		}
		assert_true(before >= HOUR);
	}
	assert_in_range(cw_plan_retry("other", 1, NOW, far, 0), NOW + 60, NOW + 66);
}

static void
test_waits_are_short_before_the_end_but_not_before_the_ca_allows(void **state)
{
	(void)state;
	assert_true(cw_plan_retry("other", 50, NOW, NOW + 5 * HOUR, 0) <= NOW + 33 * MINUTE);
	assert_true(cw_plan_retry("other", 50, NOW, NOW + 10, 0) >= NOW + MINUTE);
	assert_int_equal(cw_plan_retry("rate-limit", 1, NOW, NOW + 5 * HOUR, NOW + 3 * DAY),
			 NOW + 3 * DAY);
	/* It has expired, or there is none. */
	assert_in_range(cw_plan_retry("other", 50, NOW, 0, 0), NOW + DAY * 9 / 10, NOW + DAY);
}

static void
test_time_after_which_a_ca_wants_to_be_asked(void **state)
{
	/* NOW is 2027-01-15T08:00:00Z. */
	(void)state;
	assert_int_equal(
		cw_plan_time_in("try again after 2027-01-15T10:00:00Z, as the CA asks", NOW),
		NOW + 2 * HOUR);
	assert_int_equal(cw_plan_time_in("too many certificates (5) already issued, retry after "
					 "2027-01-15 09:00:00 UTC: see https://example.org",
					 NOW),
			 NOW + HOUR);
	assert_int_equal(cw_plan_time_in("after all, after 2027-01-15T07:00:00Z", NOW), 0);
	assert_int_equal(cw_plan_time_in("after 2037-01-15T07:00:00Z", NOW), 0);
	assert_int_equal(cw_plan_time_in("after ", NOW), 0);
	assert_int_equal(cw_plan_time_in(NULL, NOW), 0);
}

static void
test_two_renewals_near_to_each_other_are_enough(void **state)
{
	int64_t end = NOW + 90 * DAY;

	(void)state;
	assert_int_equal(cw_plan_earliest(0, 0, NOW, end), 0);
	assert_int_equal(cw_plan_earliest(NOW, 0, NOW, end), 0);
	assert_int_equal(cw_plan_earliest(NOW, NOW - 60 * DAY, NOW, end), 0);
	assert_int_equal(cw_plan_earliest(NOW, NOW - DAY, NOW, end), NOW + 90 * DAY / 20);
	assert_int_equal(cw_plan_earliest(NOW, NOW - 60, NOW, NOW + 6 * HOUR), NOW + HOUR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lifetime_decides_with_jitter_and_once),
		cmocka_unit_test(test_window_of_the_ca_is_kept_until_it_changes),
		cmocka_unit_test(test_what_cannot_wait_and_what_is_not_renewed),
		cmocka_unit_test(test_short_lifetimes_are_asked_about_sooner),
		cmocka_unit_test(test_waits_grow_from_a_minute_to_a_day),
		cmocka_unit_test(test_waits_are_short_before_the_end_but_not_before_the_ca_allows),
		cmocka_unit_test(test_two_renewals_near_to_each_other_are_enough),
		cmocka_unit_test(test_time_after_which_a_ca_wants_to_be_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
