#include "test_acme_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <cmocka.h>

#define OLD                                                                                        \
	"{\"newNonce\":\"" CA "/nonce\",\"newAccount\":\"" CA "/account\",\"newOrder\":\"" CA      \
	"/old/orders\",\"renewalInfo\":\"" CA "/old/info\"}"
#define VALID "{\"status\":\"valid\"}"

static void
free_acme(struct cw_acme **acme)
{
	cw_acme_free(*acme);
}
#define auto_acme cw_auto(free_acme) struct cw_acme

static struct cw_acme *
connect_given(const char *directory, const char *nonce)
{
	struct cw_acme *acme;

	assert_int_equal(server_connect_given(directory, nonce, &acme, NULL), CW_OK);
	cw_acme_account_use(acme, CA "/account/1");
	return acme;
}

/* Opens COUNT orders; the error of the last. */
static void
open_orders(struct cw_acme *acme, size_t count, struct cw_error *error)
{
	struct cw_acme_order *orders[8];

	assert_true(count <= CW_COUNT(orders));
	for (size_t i = 0; i < count; i++) {
		orders[i] = cw_acme_order_new();
		cw_acme_order_add_identifier(orders[i], "dns", "a.example");
	}
	assert_int_equal(cw_acme_orders_open(acme, orders, count, NULL), CW_OK);
	cw_error_copy(error, &orders[count - 1]->error);
	for (size_t i = 0; i < count; i++)
		cw_acme_order_free(orders[i]);
}

static void
on_new_order(void)
{
	server_on("/orders", 201, "location: " CA "/o/1",
		  "{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":"
		  "\"a.example\"}],\"authorizations\":[\"" CA "/z/a\"],\"finalize\":\"" CA
		  "/f/1\"}");
	server_on("/z/a", 200, NULL,
		  "{\"status\":\"valid\",\"identifier\":{\"type\":\"dns\",\"value\":"
		  "\"a.example\"}}");
}

static size_t
directories(void)
{
	/* Without that of server_start(). */
	return server_count("/dir") - 1;
}

static void
test_given_directory_is_used_without_asking(void **state)
{
	auto_acme *acme = connect_given(OLD, NULL);
	bool fetched;

	(void)state;
	assert_int_equal(directories(), 0);
	assert_string_equal(cw_acme_resource(acme, "newOrder"), CA "/old/orders");
	assert_string_equal(cw_acme_directory_text(acme, &fetched), OLD);
	assert_false(fetched);
	cw_acme_directory_text(server_acme, &fetched);
	assert_true(fetched);
}

static void
test_given_directory_that_is_nonsense_is_not_used(void **state)
{
	static const char *const given[] = {"", "{", "[]", "{}", "{\"newNonce\":\"/x\"}"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(given); i++) {
		auto_acme *acme = connect_given(given[i], NULL);
		bool fetched;

		assert_int_equal(directories(), i + 1);
		assert_non_null(strstr(cw_acme_directory_text(acme, &fetched), CA "/orders"));
		assert_true(fetched);
	}
}

static void
test_stale_directory_is_fetched_once_for_all(void **state)
{
	static const int gone[] = {404, 405, 410, 301, 0};

	(void)state;
	on_new_order();
	for (size_t i = 0; i < CW_COUNT(gone); i++) {
		auto_acme *acme = connect_given(OLD, NULL);
		cw_auto_error struct cw_error error = {0};
		size_t asked = server_count("/old/orders");
		bool fetched;

		server_forget("/old/orders");
		server_problem("/old/orders", gone[i], NULL, "malformed", "no such page");
		open_orders(acme, 8, &error);
		assert_int_equal(error.status, CW_OK);
		assert_int_equal(directories(), i + 1);
		assert_int_equal(server_count("/old/orders"), asked + 8);
		assert_non_null(strstr(cw_acme_directory_text(acme, &fetched), CA "/orders"));
		assert_true(fetched);
	}
	assert_int_equal(server_count("/orders"), 8 * CW_COUNT(gone));
}

static void
test_stale_address_of_nonces_is_found_out(void **state)
{
	auto_acme *acme = connect_given("{\"newNonce\":\"" CA "/old/nonce\",\"newAccount\":\"" CA
					"/account\",\"newOrder\":\"" CA "/orders\"}",
					NULL);
	cw_auto_json struct json_object *body = NULL;

	(void)state;
	server_on("/old/nonce", 0, NULL, NULL);
	server_on("/account/1", 200, NULL, VALID);
	assert_int_equal(cw_acme_account_get(acme, &body, NULL), CW_OK);
	assert_int_equal(directories(), 1);
	assert_int_equal(server_count("/old/nonce"), 1);
	assert_int_equal(server_count("/account/1"), 1);
}

static void
test_stale_renewal_information_is_found_out(void **state)
{
	auto_acme *acme = connect_given(OLD, NULL);
	struct cw_acme_renewal_info info = {.certificate_id = "aYhb.AIdl"};
	struct cw_acme_renewal_info *const infos[] = {&info};

	(void)state;
	server_on("/old/info/aYhb.AIdl", 404, NULL, "{}");
	server_on("/info/aYhb.AIdl", 200, NULL,
		  "{\"suggestedWindow\":{\"start\":\"2026-01-01T00:00:00Z\",\"end\":"
		  "\"2026-01-02T00:00:00Z\"}}");
	assert_int_equal(cw_acme_renewal_info(acme, infos, 1, NULL), CW_OK);
	assert_int_equal(info.error.status, CW_OK);
	assert_int_equal(directories(), 1);
}

static void
test_resource_that_the_given_directory_lacks_is_looked_for(void **state)
{
	auto_acme *acme = connect_given(OLD, NULL);
	auto_acme *another = connect_given(OLD, NULL);
	cw_auto_error struct cw_error error = {0};

	(void)state;
	server_on("/revoke", 200, NULL, NULL);
	assert_int_equal(cw_acme_revoke(acme, "MII", -1, NULL, NULL), CW_OK);
	assert_int_equal(directories(), 1);
	server_forget("/dir");
	server_on("/dir", 200, NULL, OLD);
	assert_int_equal(cw_acme_revoke(another, "MII", -1, NULL, &error), CW_E_UNSUPPORTED);
	assert_non_null(strstr(error.message, "has no \"revokeCert\""));
	assert_int_equal(directories(), 2);
}

/* The CA means what it says: its refusal counts, and the request is not sent again. */
static void
test_refusal_at_the_right_address_is_told(void **state)
{
	auto_acme *acme = connect_given(OLD, NULL);
	cw_auto_error struct cw_error error = {0};

	(void)state;
	server_forget("/dir");
	server_on("/dir", 200, NULL, OLD);
	server_problem("/old/orders", 404, NULL, "malformed", "no account");
	open_orders(acme, 1, &error);
	assert_int_equal(error.status, CW_E_ACME);
	assert_non_null(strstr(error.message, "no account"));
	assert_int_equal(directories(), 1);
	assert_int_equal(server_count("/old/orders"), 1);
	/* Nor is the directory asked for twice. */
	open_orders(acme, 1, &error);
	assert_int_equal(directories(), 1);
}

static void
test_other_refusals_do_not_blame_the_directory(void **state)
{
	auto_acme *acme = connect_given(OLD, NULL);
	cw_auto_error struct cw_error error = {0};

	(void)state;
	server_problem("/old/orders", 403, NULL, "unauthorized", "no");
	open_orders(acme, 1, &error);
	assert_int_equal(error.status, CW_E_ACME);
	assert_int_equal(directories(), 0);
}

static void
test_stale_directory_that_cannot_be_fetched_fails_with_the_first_reason(void **state)
{
	auto_acme *acme = connect_given(OLD, NULL);
	cw_auto_error struct cw_error error = {0};
	bool fetched;

	(void)state;
	server_forget("/dir");
	server_on("/dir", 403, NULL, "{}");
	server_problem("/old/orders", 404, NULL, "malformed", "no such page");
	open_orders(acme, 2, &error);
	assert_non_null(strstr(error.message, "no such page"));
	assert_int_equal(directories(), 1);
	cw_acme_directory_text(acme, &fetched);
	assert_false(fetched);
}

/* What was bound to the old URL is of no use for another. */
static void
test_bound_account_is_not_sent_to_another_address(void **state)
{
	auto_acme *acme = connect_given("{\"newNonce\":\"" CA "/nonce\",\"newAccount\":\"" CA
					"/old/account\",\"newOrder\":\"" CA "/orders\"}",
					NULL);
	cw_auto_json struct json_object *binding = cw_json_new_object();
	struct cw_acme_registration registration = {.binding = binding};
	struct json_object *body;
	bool fetched;
	char *url;

	(void)state;
	server_problem("/old/account", 404, NULL, "malformed", "no such page");
	assert_int_equal(cw_acme_account_new(acme, &registration, &url, &body, NULL), CW_E_ACME);
	assert_int_equal(server_count("/account"), 0);
	cw_acme_directory_text(acme, &fetched);
	assert_true(fetched);
}

static void
test_given_nonce_is_used_first_and_the_last_one_is_given_back(void **state)
{
	auto_acme *acme = connect_given(OLD, "of-last-week");
	cw_auto_json struct json_object *body = NULL;

	(void)state;
	assert_string_equal(cw_acme_unused_nonce(acme), "of-last-week");
	server_on("/account/1", 200, NULL, VALID);
	assert_int_equal(cw_acme_account_get(acme, &body, NULL), CW_OK);
	assert_string_equal(cw_json_string(server_header("/account/1"), "nonce"), "of-last-week");
	assert_int_equal(server_count("/nonce"), 0);
	assert_true(cw_starts_with(cw_acme_unused_nonce(acme), "nonce-"));
}

#define ORDER(status, more)                                                                        \
	"{\"status\":\"" status "\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example\"}]," \
	"\"authorizations\":[\"" CA "/z/a\"],\"finalize\":\"" CA "/f/1\"" more "}"
#define AUTHORIZATION(status)                                                                      \
	"{\"status\":\"" status "\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"},"    \
	"\"challenges\":[{\"type\":\"http-01\",\"url\":\"" CA                                      \
	"/c/a\",\"token\":\"a-token-of-22-characters\","                                           \
	"\"status\":\"" status "\"}]}"

/* From the order to the certificate. */
static void
issue(struct cw_acme *acme)
{
	struct cw_acme_order *order = cw_acme_order_new();
	struct cw_buf csr = {0};
	const struct cw_buf *const csrs[] = {&csr};
	cw_auto_strv struct cw_strv chains = {0};
	int64_t deadline = cw_now_ms() + 5000;

	cw_buf_add_text(&csr, "a CSR");
	cw_acme_order_add_identifier(order, "dns", "a.example");
	assert_int_equal(cw_acme_orders_open(acme, &order, 1, NULL), CW_OK);
	assert_int_equal(order->authorization_count, 1);
	order->authorizations[0]->chosen = order->authorizations[0]->challenges[0];
	assert_int_equal(cw_acme_orders_validate(acme, &order, 1, deadline, NULL), CW_OK);
	assert_int_equal(cw_acme_orders_finalize(acme, &order, csrs, 1, deadline, NULL), CW_OK);
	assert_int_equal(order->error.status, CW_OK);
	assert_int_equal(cw_acme_order_download(acme, order, false, &chains, NULL), CW_OK);
	cw_acme_order_free(order);
	cw_buf_clear(&csr);
}

static void
script_issuance(void)
{
	static const char *const paths[] = {"/orders", "/z/a", "/c/a", "/f/1", "/o/1", "/cert/1"};

	for (size_t i = 0; i < CW_COUNT(paths); i++)
		server_forget(paths[i]);
	server_on("/orders", 201, "location: " CA "/o/1", ORDER("pending", ""));
	server_on("/z/a", 200, NULL, AUTHORIZATION("pending"));
	server_on("/z/a", 200, NULL, AUTHORIZATION("valid"));
	server_on("/c/a", 200, NULL, "{}");
	server_on("/f/1", 200, NULL, ORDER("processing", ""));
	server_on("/o/1", 200, NULL, ORDER("valid", ",\"certificate\":\"" CA "/cert/1\""));
	server_on("/cert/1", 200, NULL,
		  "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n");
}

/* Order, authorization, answer, poll, CSR, poll, certificate; before them, where nothing is known,
 * the directory, a nonce and the account. */
static void
test_issuance_takes_a_request_for_each_step(void **state)
{
	auto_acme *known = connect_given(OLD, "of-last-week");
	struct cw_acme_registration registration = {.terms_agreed = true};
	cw_auto_json struct json_object *body = NULL;
	cw_autofree char *url = NULL;
	struct cw_acme *first;
	size_t before;

	(void)state;
	script_issuance();
	server_forget("/old/orders");
	server_on("/old/orders", 201, "location: " CA "/o/1", ORDER("pending", ""));
	before = server_total();
	issue(known);
	assert_int_equal(server_total() - before, 7);

	script_issuance();
	server_on("/account", 201, "location: " CA "/account/1", VALID);
	before = server_total();
	assert_int_equal(server_connect(&first, NULL), CW_OK);
	assert_int_equal(cw_acme_account_new(first, &registration, &url, &body, NULL), CW_OK);
	issue(first);
	assert_int_equal(server_total() - before, 10);
	cw_acme_free(first);
}

static void
test_given_nonce_that_is_refused_brings_a_new_one(void **state)
{
	auto_acme *acme = connect_given(OLD, "of-last-year");
	cw_auto_json struct json_object *body = NULL;

	(void)state;
	server_problem("/account/1", 400, NULL, "badNonce", "too old");
	server_on("/account/1", 200, NULL, VALID);
	assert_int_equal(cw_acme_account_get(acme, &body, NULL), CW_OK);
	assert_int_equal(server_count("/account/1"), 2);
	assert_int_equal(server_count("/nonce"), 0);
}

static void
test_given_nonce_that_is_nonsense_is_not_used(void **state)
{
	auto_acme *acme = connect_given(OLD, "not base64url!");

	(void)state;
	assert_null(cw_acme_unused_nonce(acme));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_set_up, server_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_given_directory_is_used_without_asking),
		TEST(test_given_directory_that_is_nonsense_is_not_used),
		TEST(test_stale_directory_is_fetched_once_for_all),
		TEST(test_stale_address_of_nonces_is_found_out),
		TEST(test_stale_renewal_information_is_found_out),
		TEST(test_resource_that_the_given_directory_lacks_is_looked_for),
		TEST(test_refusal_at_the_right_address_is_told),
		TEST(test_other_refusals_do_not_blame_the_directory),
		TEST(test_stale_directory_that_cannot_be_fetched_fails_with_the_first_reason),
		TEST(test_bound_account_is_not_sent_to_another_address),
		TEST(test_given_nonce_is_used_first_and_the_last_one_is_given_back),
		TEST(test_issuance_takes_a_request_for_each_step),
		TEST(test_given_nonce_that_is_refused_brings_a_new_one),
		TEST(test_given_nonce_that_is_nonsense_is_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
