#include "test_acme_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "acme/internal.h"
#include "acme/poll.h"
#include "acme/problem.h"
#include "base/clock.h"
#include "base/mem.h"

#include <cmocka.h>

struct run {
	bool done;
	int status;
	struct cw_acme_reply *reply;
	struct cw_error *error;
};

static void
on_end(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct run *run = context;

	*run->reply = *reply;
	memset(reply, 0, sizeof(*reply));
	if (error != NULL)
		run->status = run->error != NULL ? cw_error_move(run->error, error) : error->status;
	run->done = true;
}

/* One call, turning the loop meanwhile. */
static int
run_call(const struct cw_acme_request *request, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct run run = {.reply = reply, .error = error};

	cw_acme_call_start(server_acme, request, on_end, &run);
	assert_int_equal(cw_loop_until(server_loop, &run.done, NULL), CW_OK);
	return run.status;
}

/* POST-as-GET of CA/x. */
static int
ask(struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme_request request = {.what = "the question", .url = CA "/x"};

	return run_call(&request, reply, error);
}

static void
test_nonces_are_used_again(void **state)
{
	(void)state;
	server_on("/x", 200, NULL, "{}");
	for (int i = 0; i < 5; i++) {
		cw_auto_reply struct cw_acme_reply reply = {0};

		assert_int_equal(ask(&reply, NULL), CW_OK);
	}
	assert_int_equal(server_count("/nonce"), 1);
	assert_string_equal(server_payload("/x"), "");
	assert_string_equal(cw_json_string(server_header("/x"), "kid"), CA "/account/1");
	assert_null(cw_json_object(server_header("/x"), "jwk"));
}

static void
test_bad_nonce_is_answered_with_the_new_one(void **state)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	cw_auto_error struct cw_error error = {0};

	(void)state;
	for (int i = 0; i < 12; i++)
		server_problem("/x", 400, NULL, "badNonce", "no");
	server_on("/x", 200, NULL, "{}");
	assert_int_equal(ask(&reply, &error), CW_OK);
	assert_int_equal(server_count("/x"), 13);
	assert_int_equal(server_count("/nonce"), 1);
}

static void
test_bad_nonce_without_a_new_one_fetches_one(void **state)
{
	cw_auto_reply struct cw_acme_reply reply = {0};

	(void)state;
	server_problem("/x", 400, "no-nonce: 1", "badNonce", "no");
	server_on("/x", 200, NULL, "{}");
	assert_int_equal(ask(&reply, NULL), CW_OK);
	assert_int_equal(server_count("/nonce"), 2);
}

static void
test_endless_bad_nonces_end(void **state)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	cw_auto_error struct cw_error error = {0};

	(void)state;
	server_problem("/x", 400, NULL, "badNonce", "no");
	assert_int_equal(ask(&reply, &error), CW_E_ACME);
	assert_true(cw_acme_problem_named(&error, "badNonce"));
	assert_int_equal(server_count("/x"), 26);
}

static void
test_a_server_without_nonces_is_named(void **state)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	cw_auto_error struct cw_error error = {0};

	(void)state;
	server_forget("/nonce");
	server_on("/nonce", 204, "no-nonce: 1\nreplay-nonce: not base64url!", NULL);
	server_on("/x", 200, NULL, "{}");
	assert_int_equal(ask(&reply, &error), CW_E_PROTOCOL);
	assert_non_null(strstr(error.message, "Replay-Nonce"));
	assert_int_equal(server_count("/x"), 0);
}

static void
test_server_errors_and_lost_answers_are_retried(void **state)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	cw_auto_error struct cw_error error = {0};

	(void)state;
	server_on("/x", 0, NULL, NULL);
	server_on("/x", 502, NULL, "<html>");
	server_on("/x", 200, NULL, "{\"a\":1}");
	assert_int_equal(ask(&reply, &error), CW_OK);
	assert_true(reply.resent);
	assert_int_equal(cw_json_int(reply.body, "a", 0), 1);
}

static void
test_a_server_that_stays_down_is_given_up(void **state)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	cw_auto_error struct cw_error error = {0};
	struct cw_acme_request request = {.what = "the question", .url = CA "/x", .retries = 2};

	(void)state;
	server_problem("/x", 500, NULL, "serverInternal", "on fire");
	assert_int_equal(run_call(&request, &reply, &error), CW_E_ACME);
	assert_string_equal(error.message,
			    "the CA failed at the question (serverInternal): on fire");
	assert_int_equal(server_count("/x"), 3);
}

static void
test_retries_end_at_the_deadline(void **state)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	cw_auto_error struct cw_error error = {0};
	struct cw_acme_request request = {
		.what = "the question", .url = CA "/x", .deadline = cw_now_ms() + 50};

	(void)state;
	server_on("/x", 503, NULL, NULL);
	assert_int_equal(run_call(&request, &reply, &error), CW_E_PROTOCOL);
	assert_non_null(strstr(error.message, "HTTP 503 at \"" CA "/x\""));
	assert_int_equal(server_count("/x"), 1);
}

static void
test_once_is_not_sent_again(void **state)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	struct cw_acme_request request = {.what = "it", .url = CA "/x", .once = true};

	(void)state;
	server_on("/x", 0, NULL, NULL);
	assert_int_equal(run_call(&request, &reply, NULL), CW_E_NETWORK);
	assert_int_equal(server_count("/x"), 1);
	assert_int_equal(reply.status, 0);
}

static void
test_rate_limit_is_waited_for_when_it_is_short(void **state)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	int64_t begin = cw_now_ms();

	(void)state;
	server_problem("/x", 429, "retry-after: 1", "rateLimited", "slow down");
	server_on("/x", 200, NULL, "{}");
	assert_int_equal(ask(&reply, NULL), CW_OK);
	assert_true(cw_now_ms() - begin >= 1000);
}

static void
test_rate_limit_that_is_long_says_until_when(void **state)
{
	static const char *const headers[] = {"retry-after: 3600",
					      "retry-after: Fri, 31 Dec 2099 23:59:59 GMT"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(headers); i++) {
		cw_auto_reply struct cw_acme_reply reply = {0};
		cw_auto_error struct cw_error error = {0};

		server_forget("/x");
		server_problem("/x", 429, headers[i], "rateLimited", "too many");
		assert_int_equal(ask(&reply, &error), CW_E_ACME);
		assert_non_null(strstr(error.hint, "try again after 20"));
		assert_int_equal(server_count("/x"), i + 1);
	}
}

static void
test_refusals_are_not_retried(void **state)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	cw_auto_error struct cw_error error = {0};

	(void)state;
	server_problem("/x", 403, NULL, "unauthorized", "no");
	assert_int_equal(ask(&reply, &error), CW_E_ACME);
	assert_int_equal(reply.status, 403);
	assert_int_equal(server_count("/x"), 1);
}

static void
test_redirections_and_nonsense_are_named(void **state)
{
	static const struct {
		int http;
		const char *body, *why;
	} cases[] = {
		{301, "", "HTTP 301"},       {200, "\"text\"", "no JSON object"},
		{200, "{\"a\":", "no JSON"}, {418, "teapot", "HTTP 418"},
		{400, "{}", "HTTP 400"},     {501, "", "HTTP 501"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto_reply struct cw_acme_reply reply = {0};
		cw_auto_error struct cw_error error = {0};

		server_forget("/x");
		server_on("/x", cases[i].http, NULL, cases[i].body);
		assert_int_equal(ask(&reply, &error), CW_E_PROTOCOL);
		assert_non_null(strstr(error.message, cases[i].why));
		assert_non_null(strstr(error.message, CA "/x"));
		assert_int_equal(server_count("/x"), i + 1);
	}
}

struct counter {
	size_t left;
	bool done;
};

static void
count_down(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct counter *counter = context;

	assert_null(error);
	assert_int_equal(reply->status, 200);
	counter->done = --counter->left == 0;
}

static void
test_many_calls_share_a_bounded_number_of_exchanges(void **state)
{
	struct counter counter = {.left = 500};
	struct cw_acme_request request = {.what = "it", .url = CA "/x"};

	(void)state;
	server_on("/x", 200, NULL, "{}");
	for (int i = 0; i < 500; i++)
		cw_acme_call_start(server_acme, &request, count_down, &counter);
	assert_int_equal(cw_loop_until(server_loop, &counter.done, NULL), CW_OK);
	assert_int_equal(server_peak(), CW_ACME_IN_FLIGHT);
	assert_int_equal(server_count("/nonce"), CW_ACME_IN_FLIGHT);
}

static void
test_cancelled_calls_are_gone(void **state)
{
	struct counter counter = {.left = 1};
	struct cw_acme_call *calls[100];
	struct cw_acme_request request = {.what = "it", .url = CA "/x"};

	(void)state;
	server_on("/x", 200, NULL, "{}");
	for (size_t i = 0; i < CW_COUNT(calls); i++)
		calls[i] = cw_acme_call_start(server_acme, &request, count_down, &counter);
	for (size_t i = 0; i + 1 < CW_COUNT(calls); i++)
		cw_acme_call_cancel(calls[i]);
	cw_acme_call_cancel(NULL);
	/* The last one was waiting for a place; another call makes the queue move. */
	counter.left = 2;
	cw_acme_call_start(server_acme, &request, count_down, &counter);
	assert_int_equal(cw_loop_until(server_loop, &counter.done, NULL), CW_OK);
	assert_int_equal(server_count("/x"), 2);
}

static void
test_polls_back_off_and_honour_retry_after(void **state)
{
	struct cw_acme_reply reply = {.retry_after = -1, .elapsed = 80};
	int64_t interval = 0, delay, far = cw_now_ms() + 1000000;

	(void)state;
	/* The server had 80 ms already. */
	assert_int_equal(cw_acme_poll_delay(&interval, &reply, far), 0);
	assert_int_equal(cw_acme_poll_delay(&interval, &reply, far), 75);
	for (int i = 0; i < 30; i++)
		cw_acme_poll_delay(&interval, &reply, far);
	assert_int_equal(cw_acme_poll_delay(&interval, &reply, far), 5000);
	interval = 0;
	reply.elapsed = 0;
	assert_in_range(cw_acme_poll_delay(&interval, &reply, far), 1, 10);
	reply.retry_after = 7000;
	assert_int_equal(cw_acme_poll_delay(&interval, &reply, far), 7000);
	reply.retry_after = 0;
	delay = cw_acme_poll_delay(&interval, &reply, far);
	assert_int_equal(delay, interval);
	/* A last look before it is too late. */
	reply.retry_after = 3600000;
	assert_in_range(cw_acme_poll_delay(&interval, &reply, cw_now_ms() + 10000), 8900, 9000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_set_up, server_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nonces_are_used_again),
		TEST(test_bad_nonce_is_answered_with_the_new_one),
		TEST(test_bad_nonce_without_a_new_one_fetches_one),
		TEST(test_endless_bad_nonces_end),
		TEST(test_a_server_without_nonces_is_named),
		TEST(test_server_errors_and_lost_answers_are_retried),
		TEST(test_a_server_that_stays_down_is_given_up),
		TEST(test_retries_end_at_the_deadline),
		TEST(test_once_is_not_sent_again),
		TEST(test_rate_limit_is_waited_for_when_it_is_short),
		TEST(test_rate_limit_that_is_long_says_until_when),
		TEST(test_refusals_are_not_retried),
		TEST(test_redirections_and_nonsense_are_named),
		TEST(test_many_calls_share_a_bounded_number_of_exchanges),
		TEST(test_cancelled_calls_are_gone),
		TEST(test_polls_back_off_and_honour_retry_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
