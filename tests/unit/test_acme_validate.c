#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acme_order_fixture.h"

static void
test_validate_answers_and_polls_until_all_are_valid(void **state)
{
	struct fixture *fixture = *state;

	on_usual_opening();
	server_on("/c/a", 200, NULL, "{}");
	server_on("/c/b", 200, NULL, "{}");
	assert_int_equal(open_order(fixture), CW_OK);
	on_order("/o/1", 200, NULL, "pending", "");
	on_order("/o/1", 200, NULL, "ready", "");
	assert_int_equal(validate(fixture, 5000), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fixture->order->authorizations[i]->state, CW_ACME_VALID);
		assert_int_equal(fixture->order->authorizations[i]->chosen->state, CW_ACME_VALID);
	}
	assert_string_equal(server_payload("/c/a"), "{}");
	assert_string_equal(server_payload("/o/1"), "");
	assert_int_equal(server_count("/c/a"), 1);
	assert_int_equal(server_count("/d/a"), 0);
	/* The order was polled in the place of its authorizations. */
	assert_int_equal(server_count("/o/1"), 2);
	assert_int_equal(server_count("/z/a"), 1);
	assert_int_equal(server_count("/z/b"), 1);
}

static void
test_validate_looks_at_the_names_of_an_order_that_takes_long(void **state)
{
	struct fixture *fixture = *state;

	on_usual_opening();
	server_on("/c/a", 200, NULL, "{}");
	server_on("/c/b", 200, NULL, "{}");
	assert_int_equal(open_order(fixture), CW_OK);
	on_order("/o/1", 200, NULL, "pending", "");
	on_authorization("a", "pending", "processing", "");
	on_authorization("a", "valid", "valid", "");
	on_authorization("b", "valid", "valid", "");
	assert_int_equal(validate(fixture, 5000), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_int_equal(server_count("/z/a"), 3);
	assert_int_equal(server_count("/z/b"), 2);
}

static void
test_validate_survives_an_order_that_cannot_be_read(void **state)
{
	struct fixture *fixture = *state;

	on_usual_opening();
	server_on("/c/a", 200, NULL, "{}");
	server_on("/c/b", 200, NULL, "{}");
	assert_int_equal(open_order(fixture), CW_OK);
	on_order("/o/1", 200, NULL, "dreamy", "");
	on_authorization("a", "valid", "valid", "");
	on_authorization("b", "valid", "valid", "");
	assert_int_equal(validate(fixture, 5000), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_int_equal(fixture->order->authorizations[1]->state, CW_ACME_VALID);
}

static void
test_validate_leaves_alone_what_was_not_chosen(void **state)
{
	struct fixture *fixture = *state;

	on_usual_opening();
	assert_int_equal(open_order(fixture), CW_OK);
	assert_int_equal(
		cw_acme_orders_validate(server_acme, &fixture->order, 1, cw_now_ms() + 1000, NULL),
		CW_OK);
	assert_int_equal(server_count("/c/a"), 0);
	assert_int_equal(fixture->order->authorizations[0]->state, CW_ACME_PENDING);
}

static void
test_validate_does_not_answer_twice(void **state)
{
	struct fixture *fixture = *state;

	on_new_order(CA "/o/1");
	on_authorization("a", "pending", "processing", "");
	on_authorization("a", "valid", "valid", "");
	on_authorization("b", "valid", "valid", "");
	assert_int_equal(open_order(fixture), CW_OK);
	assert_int_equal(validate(fixture, 5000), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_int_equal(server_count("/c/a"), 0);
	assert_int_equal(server_count("/z/b"), 1);
}

static void
test_validate_says_why_each_name_failed(void **state)
{
	struct fixture *fixture = *state;

	on_usual_opening();
	server_on("/c/a", 200, NULL, "{}");
	server_on("/c/b", 200, NULL, "{}");
	assert_int_equal(open_order(fixture), CW_OK);
	on_order("/o/1", 200, NULL, "invalid", "");
	on_authorization("a", "invalid", "invalid",
			 ",\"error\":{\"type\":\"" URN "connection\",\"detail\":\"refused\"}");
	on_authorization("b", "invalid", "invalid",
			 ",\"error\":{\"type\":\"" URN "caa\",\"detail\":\"forbidden\"}");
	assert_int_equal(validate(fixture, 5000), CW_OK);
	assert_failed(&fixture->order->error, CW_E_ACME,
		      "2 of 2 names failed: \"a.example\", \"b.example\"");
	assert_int_equal(fixture->order->error.part_count, 2);
	assert_string_equal(fixture->order->error.parts[0]->message,
			    "the CA could not validate \"a.example\" (http-01): refused");
	assert_string_equal(fixture->order->error.parts[1]->problem_type, URN "caa");
	assert_failed(&fixture->order->authorizations[1]->error, CW_E_ACME, "forbidden");
}

static void
test_validate_reports_one_failure_as_the_orders_own(void **state)
{
	struct fixture *fixture = *state;

	on_usual_opening();
	server_on("/c/a", 200, NULL, "{}");
	server_on("/c/b", 200, NULL, "{}");
	assert_int_equal(open_order(fixture), CW_OK);
	on_order("/o/1", 200, NULL, "invalid", "");
	on_authorization("a", "valid", "valid", "");
	on_authorization("b", "invalid", "invalid",
			 ",\"error\":{\"type\":\"" URN "dns\",\"detail\":\"NXDOMAIN\"}");
	assert_int_equal(validate(fixture, 5000), CW_OK);
	assert_failed(&fixture->order->error, CW_E_ACME,
		      "the CA could not validate \"b.example\" (http-01): NXDOMAIN");
	assert_int_equal(fixture->order->error.part_count, 1);
	assert_non_null(fixture->order->error.hint);
}

static void
test_validate_ends_at_the_deadline(void **state)
{
	struct fixture *fixture = *state;
	int64_t begin = cw_now_ms();

	on_usual_opening();
	server_on("/c/a", 200, NULL, "{}");
	server_hang("/c/b");
	assert_int_equal(open_order(fixture), CW_OK);
	on_authorization("a", "pending", "processing", "");
	assert_int_equal(validate(fixture, 150), CW_OK);
	assert_true(cw_now_ms() - begin < 2000);
	assert_int_equal(fixture->order->error.part_count, 2);
	assert_failed(fixture->order->error.parts[0], CW_E_TIMEOUT,
		      "did not validate \"a.example\" (http-01) in time");
	assert_failed(fixture->order->error.parts[1], CW_E_TIMEOUT, "\"b.example\"");
}

static void
test_validate_asks_the_authorization_when_the_answer_is_refused(void **state)
{
	struct fixture *fixture = *state;

	on_usual_opening();
	/* One was answered already, by another order say; the other is really refused. */
	server_problem("/c/a", 400, NULL, "malformed", "not pending");
	server_problem("/c/b", 400, NULL, "malformed", "not now");
	assert_int_equal(open_order(fixture), CW_OK);
	on_authorization("a", "pending", "processing", "");
	on_authorization("a", "valid", "valid", "");
	assert_int_equal(validate(fixture, 5000), CW_OK);
	assert_int_equal(fixture->order->authorizations[0]->state, CW_ACME_VALID);
	assert_failed(&fixture->order->authorizations[1]->error, CW_E_ACME, "not now");
	assert_string_equal(fixture->order->authorizations[1]->error.identifier, "b.example");
}

static void
test_validate_answers_again_when_the_server_lets_it(void **state)
{
	struct fixture *fixture = *state;

	on_usual_opening();
	server_on("/c/a", 200, NULL, "{}");
	server_on("/c/b", 200, NULL, "{}");
	assert_int_equal(open_order(fixture), CW_OK);
	on_order("/o/1", 200, NULL, "pending", "");
	on_authorization("a", "pending", "pending",
			 ",\"error\":{\"type\":\"" URN "dns\",\"detail\":\"not yet\"}");
	on_authorization("a", "valid", "valid", "");
	on_authorization("b", "valid", "valid", "");
	assert_int_equal(validate(fixture, 5000), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_int_equal(server_count("/c/a"), 2);
}

static void
test_validate_refuses_nonsense(void **state)
{
	struct fixture *fixture = *state;

	on_usual_opening();
	server_on("/c/a", 200, NULL, "{}");
	server_on("/c/b", 200, NULL, "{}");
	assert_int_equal(open_order(fixture), CW_OK);
	on_order("/o/1", 200, NULL, "invalid", "");
	on_authorization("a", "revoked", "valid", "");
	server_on(
		"/z/b", 200, NULL,
		"{\"status\":\"valid\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"}}");
	assert_int_equal(validate(fixture, 5000), CW_OK);
	assert_failed(&fixture->order->authorizations[0]->error, CW_E_ACME, "became revoked");
	assert_failed(&fixture->order->authorizations[1]->error, CW_E_PROTOCOL,
		      "is now for \"a.example\" rather than \"b.example\"");
}

static void
test_authorization_is_deactivated(void **state)
{
	(void)state;
	server_on("/z/a", 200, NULL, "{\"status\":\"deactivated\"}");
	assert_int_equal(cw_acme_authorization_deactivate(server_acme, CA "/z/a", NULL), CW_OK);
	assert_string_equal(server_payload("/z/a"), "{\"status\":\"deactivated\"}");
	assert_int_equal(cw_acme_authorization_deactivate(server_acme, "/z/a", NULL), CW_E_INVALID);
}

static void
test_authorization_that_was_deactivated_already_is_fine(void **state)
{
	(void)state;
	server_problem("/z/a", 400, NULL, "malformed", "is not pending");
	server_on("/z/a", 200, NULL, "{\"status\":\"deactivated\"}");
	assert_int_equal(cw_acme_authorization_deactivate(server_acme, CA "/z/a", NULL), CW_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_validate_answers_and_polls_until_all_are_valid),
		TEST(test_validate_looks_at_the_names_of_an_order_that_takes_long),
		TEST(test_validate_survives_an_order_that_cannot_be_read),
		TEST(test_validate_leaves_alone_what_was_not_chosen),
		TEST(test_validate_does_not_answer_twice),
		TEST(test_validate_says_why_each_name_failed),
		TEST(test_validate_reports_one_failure_as_the_orders_own),
		TEST(test_validate_ends_at_the_deadline),
		TEST(test_validate_asks_the_authorization_when_the_answer_is_refused),
		TEST(test_validate_answers_again_when_the_server_lets_it),
		TEST(test_validate_refuses_nonsense),
		TEST(test_authorization_is_deactivated),
		TEST(test_authorization_that_was_deactivated_already_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
