#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acme_order_fixture.h"

static void
open_valid_order(struct fixture *fixture)
{
	on_new_order(CA "/o/1");
	on_authorization("a", "valid", "valid", "");
	on_authorization("b", "valid", "valid", "");
	assert_int_equal(open_order(fixture), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
}

#define CERTIFICATE ",\"certificate\":\"" CA "/cert/1\""

static void
test_finalize_polls_while_processing(void **state)
{
	struct fixture *fixture = *state;

	open_valid_order(fixture);
	on_order("/f/1", 200, NULL, "processing", "");
	on_order("/o/1", 200, NULL, "processing", "");
	on_order("/o/1", 200, NULL, "valid", CERTIFICATE);
	assert_int_equal(finalize(fixture, 5000), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_int_equal(fixture->order->state, CW_ACME_VALID);
	assert_string_equal(fixture->order->certificate_url, CA "/cert/1");
	assert_string_equal(server_payload("/f/1"), "{\"csr\":\"YSBDU1I\"}");
	assert_int_equal(server_count("/f/1"), 1);
	assert_int_equal(server_count("/o/1"), 2);
}

static void
test_finalize_honours_retry_after(void **state)
{
	struct fixture *fixture = *state;
	int64_t begin = cw_now_ms();

	open_valid_order(fixture);
	on_order("/f/1", 200, "retry-after: 1", "processing", "");
	on_order("/o/1", 200, NULL, "valid", CERTIFICATE);
	assert_int_equal(finalize(fixture, 5000), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_true(cw_now_ms() - begin >= 1000);
}

static void
test_finalize_waits_until_the_order_is_ready(void **state)
{
	struct fixture *fixture = *state;

	open_valid_order(fixture);
	server_problem("/f/1", 403, NULL, "orderNotReady", "not yet");
	on_order("/f/1", 200, NULL, "valid", CERTIFICATE);
	on_order("/o/1", 200, NULL, "pending", "");
	on_order("/o/1", 200, NULL, "ready", "");
	assert_int_equal(finalize(fixture, 5000), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_int_equal(server_count("/f/1"), 2);
	assert_int_equal(server_count("/o/1"), 2);
}

static void
test_finalize_does_not_wait_for_what_was_left_out(void **state)
{
	struct fixture *fixture = *state;

	on_usual_opening();
	assert_int_equal(open_order(fixture), CW_OK);
	server_problem("/f/1", 403, NULL, "orderNotReady", "not yet");
	on_order("/o/1", 200, NULL, "pending", "");
	assert_int_equal(finalize(fixture, 60000), CW_OK);
	assert_failed(&fixture->order->error, CW_E_ACME, "orderNotReady");
}

static void
test_finalize_whose_answer_was_lost_looks_at_the_order(void **state)
{
	struct fixture *fixture = *state;

	open_valid_order(fixture);
	server_on("/f/1", 0, NULL, NULL);
	on_order("/o/1", 200, NULL, "valid", CERTIFICATE);
	assert_int_equal(finalize(fixture, 5000), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_int_equal(server_count("/f/1"), 1);
}

static void
test_finalize_that_never_arrived_is_sent_again(void **state)
{
	struct fixture *fixture = *state;

	open_valid_order(fixture);
	server_on("/f/1", 0, NULL, NULL);
	server_on("/f/1", 503, NULL, NULL);
	on_order("/f/1", 200, NULL, "valid", CERTIFICATE);
	on_order("/o/1", 200, NULL, "ready", "");
	assert_int_equal(finalize(fixture, 5000), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_int_equal(server_count("/f/1"), 3);
}

static void
test_finalize_that_is_always_lost_ends(void **state)
{
	struct fixture *fixture = *state;

	open_valid_order(fixture);
	server_on("/f/1", 0, NULL, NULL);
	on_order("/o/1", 200, NULL, "ready", "");
	assert_int_equal(finalize(fixture, 60000), CW_OK);
	assert_failed(&fixture->order->error, CW_E_NETWORK, "\"ca.example\" broke");
	assert_int_equal(server_count("/f/1"), 5);
}

static void
test_refused_csr_is_not_sent_again(void **state)
{
	struct fixture *fixture = *state;

	open_valid_order(fixture);
	server_problem("/f/1", 400, NULL, "badCSR", "weak key");
	assert_int_equal(finalize(fixture, 5000), CW_OK);
	assert_failed(&fixture->order->error, CW_E_ACME,
		      "the CA refused the signing request for \"a.example\" and \"b.example\" "
		      "(badCSR): weak key");
	assert_int_equal(server_count("/f/1"), 1);
}

static void
test_order_that_becomes_invalid_says_why(void **state)
{
	struct fixture *fixture = *state;

	open_valid_order(fixture);
	on_order("/f/1", 200, NULL, "processing", "");
	on_order("/o/1", 200, NULL, "invalid",
		 ",\"error\":{\"type\":\"" URN
		 "caa\",\"detail\":\"CAA\",\"subproblems\":[{\"type\":"
		 "\"" URN "caa\",\"detail\":\"for b\",\"identifier\":{\"type\":\"dns\",\"value\":"
		 "\"b.example\"}}]}");
	assert_int_equal(finalize(fixture, 5000), CW_OK);
	assert_failed(&fixture->order->error, CW_E_ACME,
		      "the CA made the order for \"a.example\" and \"b.example\" invalid (caa)");
	assert_string_equal(fixture->order->error.parts[0]->identifier, "b.example");
}

static void
test_endless_processing_ends_at_the_deadline(void **state)
{
	struct fixture *fixture = *state;
	int64_t begin = cw_now_ms();

	open_valid_order(fixture);
	on_order("/f/1", 200, NULL, "processing", "");
	on_order("/o/1", 200, "retry-after: 3600", "processing", "");
	assert_int_equal(finalize(fixture, 200), CW_OK);
	assert_failed(&fixture->order->error, CW_E_TIMEOUT,
		      "did not issue the certificate for \"a.example\" and \"b.example\" in time");
	assert_non_null(strstr(fixture->order->error.hint, CA "/o/1"));
	assert_true(cw_now_ms() - begin < 2000);
}

static void
test_order_that_was_not_opened_is_not_finalized(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(finalize(fixture, 1000), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_E_INVALID);
}

static void
interrupt(void *context)
{
	(void)context;
	raise(SIGINT);
}

/* The last one: what is interrupted stays so. */
static void
test_interruption_leaves_nothing_in_flight(void **state)
{
	struct fixture *fixture = *state;
	cw_auto_error struct cw_error error = {0};

	on_usual_opening();
	assert_int_equal(open_order(fixture), CW_OK);
	choose(fixture->order);
	server_hang("/c/a");
	server_hang("/c/b");
	cw_catch_signals();
	cw_loop_timer(server_loop, 10, interrupt, NULL);
	assert_int_equal(cw_acme_orders_validate(server_acme, &fixture->order, 1,
						 cw_now_ms() + 60000, &error),
			 CW_E_CANCELLED);
	assert_int_equal(open_order(fixture), CW_E_CANCELLED);
	assert_int_equal(finalize(fixture, 60000), CW_E_CANCELLED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_finalize_polls_while_processing),
		TEST(test_finalize_honours_retry_after),
		TEST(test_finalize_waits_until_the_order_is_ready),
		TEST(test_finalize_does_not_wait_for_what_was_left_out),
		TEST(test_finalize_whose_answer_was_lost_looks_at_the_order),
		TEST(test_finalize_that_never_arrived_is_sent_again),
		TEST(test_finalize_that_is_always_lost_ends),
		TEST(test_refused_csr_is_not_sent_again),
		TEST(test_order_that_becomes_invalid_says_why),
		TEST(test_endless_processing_ends_at_the_deadline),
		TEST(test_order_that_was_not_opened_is_not_finalized),
		TEST(test_interruption_leaves_nothing_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
