#include "test_acme_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "acme/problem.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <cmocka.h>

#define URN "urn:ietf:params:acme:error:"
#define PEM "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"

/* The state of a test: one order for a.example and b.example, and what is needed for it. */
struct fixture {
	struct cw_acme_order *order;
	struct cw_buf csr;
};

static int
setup(void **state)
{
	struct fixture *fixture = cw_alloc(sizeof(*fixture));

	server_start();
	fixture->order = cw_acme_order_new();
	cw_acme_order_add_identifier(fixture->order, "dns", "a.example");
	cw_acme_order_add_identifier(fixture->order, "dns", "b.example");
	cw_buf_add_text(&fixture->csr, "a CSR");
	*state = fixture;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;

	server_stop();
	cw_acme_order_free(fixture->order);
	cw_buf_clear(&fixture->csr);
	free(fixture);
	return 0;
}

/* ---- what the server says */

/* An order object; MORE is further members with a leading comma. */
static char *
order_json(const char *status, const char *more)
{
	return cw_format("{\"status\":\"%s\",\"identifiers\":[{\"type\":\"dns\",\"value\":"
			 "\"a.example\"},{\"type\":\"dns\",\"value\":\"b.example\"}],"
			 "\"authorizations\":[\"" CA "/z/b\",\"" CA "/z/a\"],\"finalize\":\"" CA
			 "/f/1\"%s}",
			 status, more);
}

static void
on_order(const char *path, int http, const char *headers, const char *status, const char *more)
{
	cw_autofree char *body = order_json(status, more);

	server_on(path, http, headers, body);
}

static void
on_new_order(const char *url)
{
	cw_autofree char *headers = cw_format("location: %s", url);

	on_order("/orders", 201, headers, "pending", "");
}

/* An authorization of NAME.example; the challenge is at /c/NAME. */
static void
on_authorization(const char *name, const char *status, const char *challenge_status,
		 const char *problem)
{
	cw_autofree char *path = cw_format("/z/%s", name);
	cw_autofree char *body = cw_format(
		"{\"status\":\"%s\",\"identifier\":{\"type\":\"dns\",\"value\":\"%s.example\"},"
		"\"challenges\":[{\"type\":\"dns-01\",\"url\":\"" CA "/d/%s\",\"status\":"
		"\"pending\",\"token\":\"dns\"},{\"type\":\"http-01\",\"url\":\"" CA
		"/c/%s\",\"status\":\"%s\",\"token\":\"token-%s\"%s}]}",
		status, name, name, name, challenge_status, name, problem);

	server_on(path, 200, NULL, body);
}

/* An order that is pending with two pending authorizations. */
static void
on_usual_opening(void)
{
	on_new_order(CA "/o/1");
	on_authorization("a", "pending", "pending", "");
	on_authorization("b", "pending", "pending", "");
}

/* ---- what the client is asked to do */

static int
open_order(struct fixture *fixture)
{
	return cw_acme_orders_open(server_acme, &fixture->order, 1, NULL);
}

static void
choose(struct cw_acme_order *order)
{
	for (size_t i = 0; i < order->authorization_count; i++)
		order->authorizations[i]->chosen = order->authorizations[i]->challenges[1];
}

static int
validate(struct fixture *fixture, int64_t limit)
{
	choose(fixture->order);
	return cw_acme_orders_validate(server_acme, &fixture->order, 1, cw_now_ms() + limit, NULL);
}

static int
finalize(struct fixture *fixture, int64_t limit)
{
	const struct cw_buf *const csrs[] = {&fixture->csr};

	return cw_acme_orders_finalize(server_acme, &fixture->order, csrs, 1, cw_now_ms() + limit,
				       NULL);
}

static void
assert_failed(const struct cw_error *error, int status, const char *why)
{
	cw_autofree char *line = NULL;

	assert_int_equal(error->status, status);
	line = cw_error_line(error);
	if (strstr(line, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, line);
}

/* ---- opening */

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
			    "token-a.THUMB");
	assert_string_equal(server_payload("/orders"),
			    "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example\"},"
			    "{\"type\":\"dns\",\"value\":\"b.example\"}],\"profile\":\"short\","
			    "\"replaces\":\"aki.serial\"}");
}

static void
test_open_goes_on_without_replaces_when_that_is_refused(void **state)
{
	struct fixture *fixture = *state;

	server_problem("/orders", 409, NULL, "alreadyReplaced", "has been");
	on_usual_opening();
	fixture->order->replaces = cw_strdup("aki.serial");
	assert_int_equal(open_order(fixture), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	assert_null(fixture->order->replaces);
	assert_null(strstr(server_payload("/orders"), "replaces"));
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

/* ---- validation */

static void
test_validate_answers_and_polls_until_all_are_valid(void **state)
{
	struct fixture *fixture = *state;

	on_usual_opening();
	server_on("/c/a", 200, NULL, "{}");
	server_on("/c/b", 200, NULL, "{}");
	assert_int_equal(open_order(fixture), CW_OK);
	on_authorization("a", "pending", "processing", "");
	on_authorization("a", "valid", "valid", "");
	on_authorization("b", "valid", "valid", "");
	assert_int_equal(validate(fixture, 5000), CW_OK);
	assert_int_equal(fixture->order->error.status, CW_OK);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fixture->order->authorizations[i]->state, CW_ACME_VALID);
		assert_int_equal(fixture->order->authorizations[i]->chosen->state, CW_ACME_VALID);
	}
	assert_string_equal(server_payload("/c/a"), "{}");
	assert_string_equal(server_payload("/z/a"), "");
	assert_int_equal(server_count("/c/a"), 1);
	assert_int_equal(server_count("/d/a"), 0);
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
	on_authorization("a", "revoked", "valid", "");
	server_on(
		"/z/b", 200, NULL,
		"{\"status\":\"valid\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"}}");
	assert_int_equal(validate(fixture, 5000), CW_OK);
	assert_failed(&fixture->order->authorizations[0]->error, CW_E_ACME, "became revoked");
	assert_failed(&fixture->order->authorizations[1]->error, CW_E_PROTOCOL,
		      "is now for \"a.example\" rather than \"b.example\"");
}

/* ---- finalize */

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

/* ---- download */

static void
issued(struct fixture *fixture)
{
	fixture->order->state = CW_ACME_VALID;
	fixture->order->certificate_url = cw_strdup(CA "/cert/1");
}

static void
test_download_gets_the_alternates_in_order(void **state)
{
	struct fixture *fixture = *state;
	cw_auto_strv struct cw_strv chains = {0};

	issued(fixture);
	server_on("/cert/1", 200,
		  "link: <" CA "/dir>;rel=\"index\"\nlink: <" CA "/cert/2>;rel=\"alternate\"\n"
		  "link: <http://other.example/cert>;rel=\"alternate\"\n"
		  "link: </cert/3>;rel=\"alternate\"\nlink: <" CA "/cert/4>;rel=\"alternate\"",
		  PEM "1");
	server_on("/cert/2", 200, NULL, PEM "2");
	server_on("/cert/3", 200, NULL, "<html>");
	server_on("/cert/4", 200, NULL, PEM "4");
	assert_int_equal(cw_acme_order_download(server_acme, fixture->order, true, &chains, NULL),
			 CW_OK);
	assert_int_equal(chains.count, 3);
	assert_string_equal(chains.items[0], PEM "1");
	assert_string_equal(chains.items[1], PEM "2");
	assert_string_equal(chains.items[2], PEM "4");
}

static void
test_download_leaves_alternates_alone_when_not_wanted(void **state)
{
	struct fixture *fixture = *state;
	cw_auto_strv struct cw_strv chains = {0};

	issued(fixture);
	server_on("/cert/1", 200, "link: <" CA "/cert/2>;rel=\"alternate\"", PEM);
	assert_int_equal(cw_acme_order_download(server_acme, fixture->order, false, &chains, NULL),
			 CW_OK);
	assert_int_equal(chains.count, 1);
}

static void
test_download_refuses_what_is_no_certificate(void **state)
{
	struct fixture *fixture = *state;
	cw_auto_strv struct cw_strv chains = {0};
	cw_auto_error struct cw_error error = {0};

	issued(fixture);
	server_on("/cert/1", 200, NULL, "<html>");
	assert_int_equal(cw_acme_order_download(server_acme, fixture->order, true, &chains, &error),
			 CW_E_PROTOCOL);
	assert_failed(&error, CW_E_PROTOCOL, CA "/cert/1");
	assert_int_equal(chains.count, 0);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open_makes_an_order_and_fetches_its_authorizations),
		TEST(test_open_goes_on_without_replaces_when_that_is_refused),
		TEST(test_open_continues_an_order),
		TEST(test_open_needs_no_authorizations_of_an_issued_order),
		TEST(test_open_makes_anew_what_cannot_be_continued),
		TEST(test_open_makes_an_order_with_a_dead_authorization_anew),
		TEST(test_a_new_order_with_a_dead_authorization_fails_by_name),
		TEST(test_one_refused_order_leaves_the_others),
		TEST(test_orders_that_are_nonsense_are_refused),
		TEST(test_an_authorization_for_another_name_is_refused),
		TEST(test_an_order_without_names_is_refused),
		TEST(test_validate_answers_and_polls_until_all_are_valid),
		TEST(test_validate_leaves_alone_what_was_not_chosen),
		TEST(test_validate_does_not_answer_twice),
		TEST(test_validate_says_why_each_name_failed),
		TEST(test_validate_reports_one_failure_as_the_orders_own),
		TEST(test_validate_ends_at_the_deadline),
		TEST(test_validate_asks_the_authorization_when_the_answer_is_refused),
		TEST(test_validate_answers_again_when_the_server_lets_it),
		TEST(test_validate_refuses_nonsense),
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
		TEST(test_download_gets_the_alternates_in_order),
		TEST(test_download_leaves_alternates_alone_when_not_wanted),
		TEST(test_download_refuses_what_is_no_certificate),
		TEST(test_nothing_is_possible_without_an_account),
		TEST(test_authorization_is_deactivated),
		TEST(test_authorization_that_was_deactivated_already_is_fine),
		TEST(test_interruption_leaves_nothing_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
