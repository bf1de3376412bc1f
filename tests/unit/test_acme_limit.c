#include "test_acme_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "acme/internal.h"
#include "base/clock.h"
#include "base/mem.h"

#include <cmocka.h>

enum { CALLS = 20 };

struct counter {
	size_t answered, failed;
	struct cw_error error; /* the last */
};

static void
count(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct counter *counter = context;

	(void)reply;
	counter->answered += error == NULL;
	counter->failed += error != NULL;
	if (error != NULL)
		cw_error_move(&counter->error, error);
}

static void
call(const char *path, int64_t limit, struct counter *counter)
{
	struct cw_acme_request request = {
		.what = "the question", .url = path, .deadline = cw_now_ms() + limit};

	cw_acme_call_start(server_acme, &request, count, counter);
}

static void
turn_until(const struct counter *counter, size_t ended)
{
	while (counter->answered + counter->failed < ended)
		assert_int_equal(cw_loop_turn(server_loop, 1000, NULL), CW_OK);
}

/* Turns the loop until PATH was asked for, and that was answered. */
static void
turn_until_asked(const char *path)
{
	while (server_count(path) == 0)
		assert_int_equal(cw_loop_turn(server_loop, 1000, NULL), CW_OK);
	assert_int_equal(cw_loop_turn(server_loop, 1000, NULL), CW_OK);
}

static void
test_one_rate_limit_holds_all_back(void **state)
{
	struct counter counter = {0};
	int64_t begin = cw_now_ms();

	(void)state;
	server_problem("/limited", 429, "retry-after: 1", "rateLimited", "slow down");
	server_on("/limited", 200, NULL, "{}");
	server_on("/x", 200, NULL, "{}");
	call(CA "/limited", 5000, &counter);
	turn_until_asked("/limited");
	for (int i = 0; i < CALLS; i++)
		call(CA "/x", 5000, &counter);
	while (cw_now_ms() < begin + 800)
		cw_loop_turn(server_loop, 100, NULL);
	assert_int_equal(server_count("/x"), 0);
	turn_until(&counter, CALLS + 1);
	assert_true(cw_now_ms() - begin >= 1000);
	assert_int_equal(counter.failed, 0);
	assert_int_equal(server_count("/x"), CALLS);
	assert_int_equal(server_count("/limited"), 2);
}

static void
test_unavailable_server_that_says_when_holds_all_back(void **state)
{
	struct counter counter = {0};
	int64_t begin = cw_now_ms();

	(void)state;
	server_on("/limited", 503, "retry-after: 1", NULL);
	server_on("/limited", 200, NULL, "{}");
	server_on("/x", 200, NULL, "{}");
	call(CA "/limited", 5000, &counter);
	turn_until_asked("/limited");
	call(CA "/x", 5000, &counter);
	turn_until(&counter, 2);
	assert_true(cw_now_ms() - begin >= 1000);
	assert_int_equal(counter.failed, 0);
}

/* Each of many that are in flight is told the same; they wait together, once. */
static void
test_limits_told_side_by_side_are_one(void **state)
{
	struct counter counter = {0};
	int64_t begin = cw_now_ms();

	(void)state;
	for (int i = 0; i < 10; i++)
		server_problem("/x", 429, NULL, "rateLimited", "slow down");
	server_on("/x", 200, NULL, "{}");
	for (int i = 0; i < 10; i++)
		call(CA "/x", 5000, &counter);
	turn_until(&counter, 10);
	assert_int_equal(counter.failed, 0);
	assert_int_equal(server_count("/x"), 20);
	assert_in_range(cw_now_ms() - begin, 1000, 1900);
}

static void
test_requests_that_cannot_wait_fail_at_once(void **state)
{
	struct counter counter = {0}, hurried = {0};
	int64_t begin = cw_now_ms();

	(void)state;
	server_problem("/limited", 429, "retry-after: 2", "rateLimited", "slow down");
	server_on("/limited", 200, NULL, "{}");
	call(CA "/limited", 5000, &counter);
	turn_until_asked("/limited");
	call(CA "/x", 1000, &hurried);
	turn_until(&hurried, 1);
	assert_true(cw_now_ms() - begin < 500);
	assert_int_equal(hurried.failed, 1);
	assert_non_null(strstr(hurried.error.message, "the question would have to wait"));
	assert_non_null(strstr(hurried.error.cause->message, "slow down"));
	assert_int_equal(server_count("/x"), 0);
	turn_until(&counter, 1);
	assert_int_equal(counter.answered, 1);
	cw_error_clear(&hurried.error);
}

/* A limit of hours may be that of one name: it ends the request that met it, and no other. */
static void
test_limit_that_no_request_can_wait_for_holds_nobody_back(void **state)
{
	struct counter counter = {0};

	(void)state;
	server_problem("/limited", 429, "retry-after: 36000", "rateLimited", "too many");
	server_on("/x", 200, NULL, "{}");
	call(CA "/limited", 5000, &counter);
	turn_until(&counter, 1);
	assert_int_equal(counter.failed, 1);
	assert_non_null(strstr(counter.error.hint, "try again after 20"));
	call(CA "/x", 5000, &counter);
	turn_until(&counter, 2);
	assert_int_equal(counter.answered, 1);
	cw_error_clear(&counter.error);
}

static void
test_endless_rate_limit_ends(void **state)
{
	struct counter counter = {0};
	int64_t begin = cw_now_ms();

	(void)state;
	server_problem("/x", 429, NULL, "rateLimited", "never");
	for (int i = 0; i < CALLS; i++)
		call(CA "/x", 2000, &counter);
	turn_until(&counter, CALLS);
	assert_int_equal(counter.failed, CALLS);
	assert_true(cw_now_ms() - begin < 2500);
	assert_int_equal(server_count("/x"), 2 * CALLS);
	cw_error_clear(&counter.error);
}

/* A server that allows few requests for nonces: the answers to the others bring enough. */
static void
test_limit_of_nonces_makes_fewer_side_by_side(void **state)
{
	struct counter counter = {0};
	int64_t begin = cw_now_ms();

	(void)state;
	server_forget("/nonce");
	server_on("/nonce", 200, NULL, NULL);
	server_on("/nonce", 200, NULL, NULL);
	server_on("/nonce", 503, "no-nonce: 1\nretry-after: 30", NULL);
	server_on("/x", 200, NULL, "{}");
	for (int i = 0; i < CALLS; i++)
		call(CA "/x", 5000, &counter);
	turn_until(&counter, CALLS);
	assert_int_equal(counter.failed, 0);
	assert_int_equal(server_count("/x"), CALLS);
	assert_int_equal(server_count("/nonce"), CALLS);
	assert_true(cw_now_ms() - begin < 1000);
}

/* Without any nonce there is nothing to do but to wait, or to give up. */
static void
test_limit_of_nonces_fails_who_has_none(void **state)
{
	struct counter counter = {0};

	(void)state;
	server_forget("/nonce");
	server_on("/nonce", 503, "no-nonce: 1\nretry-after: 30", NULL);
	for (int i = 0; i < CALLS; i++)
		call(CA "/x", 5000, &counter);
	turn_until(&counter, CALLS);
	assert_int_equal(counter.failed, CALLS);
	assert_int_equal(server_count("/x"), 0);
	cw_error_clear(&counter.error);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_set_up, server_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_rate_limit_holds_all_back),
		TEST(test_unavailable_server_that_says_when_holds_all_back),
		TEST(test_limits_told_side_by_side_are_one),
		TEST(test_requests_that_cannot_wait_fail_at_once),
		TEST(test_limit_that_no_request_can_wait_for_holds_nobody_back),
		TEST(test_endless_rate_limit_ends),
		TEST(test_limit_of_nonces_makes_fewer_side_by_side),
		TEST(test_limit_of_nonces_fails_who_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
