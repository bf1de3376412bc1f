#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acme_order_fixture.h"

static void
test_open_makes_an_order_and_fetches_its_authorizations(void **state)
{
	struct fixture *fixture = *state;
	struct cw_acme_order *order = fixture->order;

	on_usual_opening();
	order->profile = cw_strdup("short");
	order->replaces = cw_strdup("aki.serial");
	assert_int_equal(open_order(fixture), CW_OK);
	assert_int_equal(order->error.status, CW_OK);
	assert_string_equal(order->url, CA "/o/1");
	assert_false(order->continued);
	assert_int_equal(order->authorization_count, 2);
	/* In the order of the names, whatever the server's is. */
	assert_string_equal(order->authorizations[0]->identifier.value, "a.example");
	assert_string_equal(order->authorizations[1]->identifier.value, "b.example");
	assert_string_equal(order->authorizations[0]->challenges[1]->key_authorization,
			    "0123456789abcdef-token-a.THUMB");
	assert_string_equal(server_payload("/orders"),
			    "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example\"},"
			    "{\"type\":\"dns\",\"value\":\"b.example\"}],\"profile\":\"short\","
			    "\"replaces\":\"aki.serial\"}");
}

static void
test_open_asks_without_replaces_after_any_refusal(void **state)
{
	static const struct {
		int http;
		const char *type;
	} refusals[] = {{409, "alreadyReplaced"}, {404, "malformed"},      {400, "malformed"},
			{403, "unauthorized"},    {400, "serverInternal"}, {422, "somethingNew"}};
	struct fixture *fixture = *state;

	on_usual_opening();
	for (size_t i = 0; i < CW_COUNT(refusals); i++) {
		struct cw_acme_order *order = cw_acme_order_new();
		size_t before = server_count("/orders");

		cw_acme_order_add_identifier(order, "dns", "a.example");
		cw_acme_order_add_identifier(order, "dns", "b.example");
		order->replaces = cw_strdup("aki.serial");
		server_forget("/orders");
		server_problem("/orders", refusals[i].http, NULL, refusals[i].type, "no");
		on_new_order(CA "/o/1");
		assert_int_equal(cw_acme_orders_open(server_acme, &order, 1, NULL), CW_OK);
		assert_int_equal(order->error.status, CW_OK);
		assert_null(order->replaces);
		assert_int_equal(server_count("/orders") - before, 2);
		assert_null(strstr(server_payload("/orders"), "replaces"));
		cw_acme_order_free(order);
	}
	assert_null(fixture->order->url);
}

/* Pebble 2.6 answers so when it does not know the certificate. */
static void
test_open_asks_without_replaces_after_a_second_server_error(void **state)
{
	struct fixture *fixture = *state;

	server_problem("/orders", 500, NULL, "serverInternal", "cannot find it");
	server_problem("/orders", 500, NULL, "serverInternal", "cannot find it");
	on_usual_opening();
	fixture->order->replaces = cw_strdup("aki.serial");
	assert_int_equal(open_order(fixture), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_null(fixture->order->replaces);
	assert_int_equal(server_count("/orders"), 3);
	assert_null(strstr(server_payload("/orders"), "replaces"));
}

static void
test_open_keeps_replaces_after_one_server_error_or_broken_connections(void **state)
{
	struct fixture *fixture = *state;

	server_on("/orders", 0, NULL, NULL);
	server_problem("/orders", 503, NULL, "serverInternal", "busy");
	server_on("/orders", 0, NULL, NULL);
	on_usual_opening();
	fixture->order->replaces = cw_strdup("aki.serial");
	assert_int_equal(open_order(fixture), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_non_null(strstr(server_payload("/orders"), "\"replaces\":\"aki.serial\""));
}

static void
test_open_asks_only_once_without_replaces(void **state)
{
	struct fixture *fixture = *state;

	server_problem("/orders", 403, NULL, "unauthorized", "never");
	fixture->order->replaces = cw_strdup("aki.serial");
	assert_int_equal(open_order(fixture), CW_OK);
	assert_failed(&fixture->order->error, CW_E_ACME, "never");
	assert_int_equal(server_count("/orders"), 2);
}

static void
test_open_continues_an_order(void **state)
{
	struct fixture *fixture = *state;

	fixture->order->url = cw_strdup(CA "/o/1");
	on_order("/o/1", 200, NULL, "ready", "");
	on_authorization("a", "valid", "valid", "");
	on_authorization("b", "pending", "processing", "");
	assert_int_equal(open_order(fixture), CW_OK);
	assert_true(fixture->order->continued);
	assert_int_equal(fixture->order->authorizations[0]->state, CW_ACME_VALID);
	assert_int_equal(server_count("/orders"), 0);
}

static void
test_open_needs_no_authorizations_of_an_issued_order(void **state)
{
	struct fixture *fixture = *state;

	fixture->order->url = cw_strdup(CA "/o/1");
	on_order("/o/1", 200, NULL, "valid", ",\"certificate\":\"" CA "/cert/1\"");
	assert_int_equal(open_order(fixture), CW_OK);
	assert_true(fixture->order->continued);
	assert_int_equal(finalize(fixture, 1000), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_string_equal(fixture->order->certificate_url, CA "/cert/1");
	assert_int_equal(server_count("/f/1"), 0);
}

static void
test_open_makes_anew_what_cannot_be_continued(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		int http;
		const char *status, *more;
	} cases[] = {
		{404, "pending", ""},
		{200, "invalid", ""},
		{200, "strange", ""},
		{200, "pending", ",\"expires\":\"2020-01-01T00:00:00Z\""},
	};

	on_usual_opening();
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_acme_order *order = cw_acme_order_new();

		cw_acme_order_add_identifier(order, "dns", "a.example");
		cw_acme_order_add_identifier(order, "dns", "b.example");
		order->url = cw_strdup(CA "/o/old");
		server_forget("/o/old");
		on_order("/o/old", cases[i].http, NULL, cases[i].status, cases[i].more);
		assert_int_equal(cw_acme_orders_open(server_acme, &order, 1, NULL), CW_OK);
		assert_int_equal(order->error.status, CW_OK);
		assert_false(order->continued);
		assert_string_equal(order->url, CA "/o/1");
		assert_int_equal(order->authorization_count, 2);
		cw_acme_order_free(order);
	}
	assert_null(fixture->order->url);
}

static void
test_open_makes_an_order_with_a_dead_authorization_anew(void **state)
{
	struct fixture *fixture = *state;

	fixture->order->url = cw_strdup(CA "/o/old");
	on_order("/o/old", 200, NULL, "pending", "");
	on_new_order(CA "/o/1");
	on_authorization("a", "expired", "pending", "");
	on_authorization("a", "pending", "pending", "");
	on_authorization("b", "pending", "pending", "");
	assert_int_equal(open_order(fixture), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_false(fixture->order->continued);
	assert_string_equal(fixture->order->url, CA "/o/1");
	assert_int_equal(fixture->order->authorization_count, 2);
}

static void
test_a_new_order_with_a_dead_authorization_fails_by_name(void **state)
{
	struct fixture *fixture = *state;

	on_new_order(CA "/o/1");
	on_authorization("a", "pending", "pending", "");
	on_authorization("b", "deactivated", "pending", "");
	assert_int_equal(open_order(fixture), CW_OK);
	assert_failed(&fixture->order->error, CW_E_ACME, CA "/o/1");
	assert_int_equal(fixture->order->error.part_count, 1);
	assert_string_equal(fixture->order->error.parts[0]->identifier, "b.example");
	assert_failed(fixture->order->error.parts[0], CW_E_ACME, "deactivated");
}

static void
test_one_refused_order_leaves_the_others(void **state)
{
	struct fixture *fixture = *state;
	struct cw_acme_order *other = cw_acme_order_new();
	struct cw_acme_order *orders[] = {other, fixture->order};

	cw_acme_order_add_identifier(other, "dns", "bad.example");
	server_on("/orders", 400, NULL,
		  "{\"type\":\"" URN "rejectedIdentifier\",\"detail\":\"no\",\"subproblems\":[{"
		  "\"type\":\"" URN "rejectedIdentifier\",\"detail\":\"bad one\",\"identifier\":"
		  "{\"type\":\"dns\",\"value\":\"bad.example\"}}]}");
	on_usual_opening();
	assert_int_equal(cw_acme_orders_open(server_acme, orders, 2, NULL), CW_OK);
	assert_failed(&other->error, CW_E_ACME,
		      "the CA refused the order for \"bad.example\" (rejectedIdentifier): no");
	assert_string_equal(other->error.parts[0]->identifier, "bad.example");
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_int_equal(fixture->order->authorization_count, 2);
	cw_acme_order_free(other);
}

static void
test_orders_that_are_nonsense_are_refused(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *headers, *status, *why;
	} cases[] = {
		{NULL, "pending", "without a usable Location of the order for \"a.example\""},
		{"location: /o/1", "pending", "without a usable Location"},
		{"location: " CA "/o/1", "valid", "no usable certificate URL"},
		{"location: " CA "/o/1", "processing", "is processing from the start"},
		{"location: " CA "/o/1", "bright", "unknown status \"bright\""},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		server_forget("/orders");
		on_order("/orders", 201, cases[i].headers, cases[i].status, "");
		cw_error_clear(&fixture->order->error);
		assert_int_equal(open_order(fixture), CW_OK);
		assert_failed(&fixture->order->error, CW_E_PROTOCOL, cases[i].why);
		assert_null(fixture->order->url);
	}
}

static void
test_an_authorization_for_another_name_is_refused(void **state)
{
	struct fixture *fixture = *state;

	on_new_order(CA "/o/1");
	on_authorization("a", "pending", "pending", "");
	server_on(
		"/z/b", 200, NULL,
		"{\"status\":\"valid\",\"identifier\":{\"type\":\"dns\",\"value\":\"c.example\"}}");
	assert_int_equal(open_order(fixture), CW_OK);
	assert_failed(&fixture->order->error, CW_E_PROTOCOL, "\"c.example\"");
	assert_int_equal(fixture->order->authorization_count, 0);
}

static void
test_an_order_without_names_is_refused(void **state)
{
	struct cw_acme_order *order = cw_acme_order_new();

	(void)state;
	assert_int_equal(cw_acme_orders_open(server_acme, &order, 1, NULL), CW_OK);
	assert_int_equal(order->error.status, CW_E_INVALID);
	cw_acme_order_free(order);
}

static void
test_nothing_is_possible_without_an_account(void **state)
{
	struct fixture *fixture = *state;
	struct cw_acme *acme;
	cw_auto_strv struct cw_strv chains = {0};

	assert_int_equal(server_connect(&acme, NULL), CW_OK);
	assert_int_equal(cw_acme_orders_open(acme, &fixture->order, 1, NULL), CW_E_INVALID);
	assert_int_equal(cw_acme_orders_validate(acme, &fixture->order, 1, 0, NULL), CW_E_INVALID);
	assert_int_equal(cw_acme_orders_finalize(acme, &fixture->order, NULL, 1, 0, NULL),
			 CW_E_INVALID);
	assert_int_equal(cw_acme_order_download(acme, fixture->order, false, &chains, NULL),
			 CW_E_INVALID);
	assert_int_equal(cw_acme_authorization_deactivate(acme, CA "/z/a", NULL), CW_E_INVALID);
	assert_int_equal(fixture->order->error.status, CW_OK);
	cw_acme_free(acme);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open_makes_an_order_and_fetches_its_authorizations),
		TEST(test_open_asks_without_replaces_after_any_refusal),
		TEST(test_open_asks_without_replaces_after_a_second_server_error),
		TEST(test_open_keeps_replaces_after_one_server_error_or_broken_connections),
		TEST(test_open_asks_only_once_without_replaces),
		TEST(test_open_continues_an_order),
		TEST(test_open_needs_no_authorizations_of_an_issued_order),
		TEST(test_open_makes_anew_what_cannot_be_continued),
		TEST(test_open_makes_an_order_with_a_dead_authorization_anew),
		TEST(test_a_new_order_with_a_dead_authorization_fails_by_name),
		TEST(test_one_refused_order_leaves_the_others),
		TEST(test_orders_that_are_nonsense_are_refused),
		TEST(test_an_authorization_for_another_name_is_refused),
		TEST(test_an_order_without_names_is_refused),
		TEST(test_nothing_is_possible_without_an_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
