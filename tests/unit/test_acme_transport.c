#include "test_acme_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "acme/internal.h"
#include "acme/poll.h"
#include "acme/problem.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <cmocka.h>

static int
setup(void **state)
{
	(void)state;
	server_start();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	server_stop();
	return 0;
}

/* POST-as-GET of CA/x. */
static int
ask(struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme_request request = {.what = "the question", .url = CA "/x"};

	return cw_acme_call_run(server_acme, &request, reply, error);
}

static void
test_directory_must_be_one(void **state)
{
	static const struct {
		int http;
		const char *body;
		int status;
		const char *why;
	} cases[] = {
		{200, "<html>welcome</html>", CW_E_PROTOCOL, "'<html>welcome</html>'"},
		{200, "[]", CW_E_PROTOCOL, "no JSON object"},
		{200, "", CW_E_PROTOCOL, "nothing"},
		{404, "gone", CW_E_PROTOCOL, "HTTP 404"},
		{200, "{}", CW_E_PROTOCOL, "\"newNonce\""},
		{200, "{\"newNonce\":\"" CA "/n\",\"newAccount\":\"/a\"}", CW_E_PROTOCOL,
		 "\"newAccount\""},
		{0, NULL, CW_E_NETWORK, "\"ca.example\" broke"},
	};
	struct cw_acme *acme;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto_error struct cw_error error = {0};
		cw_autofree char *line = NULL;

		server_forget("/dir");
		server_on("/dir", cases[i].http, NULL, cases[i].body);
		assert_int_equal(server_connect(&acme, &error), cases[i].status);
		assert_null(acme);
		line = cw_error_line(&error);
		assert_non_null(strstr(line, "the directory"));
		if (strstr(line, cases[i].why) == NULL)
			fail_msg("\"%s\" is not in \"%s\"", cases[i].why, line);
	}
}

static void
test_what_is_no_url_is_refused_at_once(void **state)
{
	static const char *const bad[] = {"", "ca.example", "ftp://ca.example/", "https://"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(bad); i++) {
		struct cw_acme_options options = {.directory_url = bad[i]};
		struct cw_acme *acme;

		assert_int_equal(cw_acme_new(server_loop, NULL, &options, NULL, &acme, NULL),
				 CW_E_INVALID);
	}
}

static void
test_meta_is_shown(void **state)
{
	struct cw_acme *acme;

	(void)state;
	assert_null(cw_acme_terms_of_service(server_acme));
	assert_false(cw_acme_external_account_required(server_acme));
	assert_null(cw_acme_profiles(server_acme));
	assert_string_equal(cw_acme_resource(server_acme, "renewalInfo"), CA "/info");
	assert_null(cw_acme_resource(server_acme, "newAuthz"));
	server_forget("/dir");
	server_on("/dir", 200, NULL,
		  "{\"newNonce\":\"" CA "/n\",\"newAccount\":\"" CA "/a\",\"newOrder\":\"" CA
		  "/o\",\"meta\":{\"termsOfService\":\"" CA "/terms\","
		  "\"externalAccountRequired\":true,\"profiles\":{\"classic\":\"as ever\"}}}");
	assert_int_equal(server_connect(&acme, NULL), CW_OK);
	assert_string_equal(cw_acme_terms_of_service(acme), CA "/terms");
	assert_true(cw_acme_external_account_required(acme));
	assert_string_equal(cw_json_string(cw_acme_profiles(acme), "classic"), "as ever");
	assert_ptr_equal(cw_acme_signer(acme), &server_signer);
	cw_acme_free(acme);
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
	assert_int_equal(cw_acme_call_run(server_acme, &request, &reply, &error), CW_E_ACME);
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
	assert_int_equal(cw_acme_call_run(server_acme, &request, &reply, &error), CW_E_PROTOCOL);
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
	assert_int_equal(cw_acme_call_run(server_acme, &request, &reply, NULL), CW_E_NETWORK);
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
	assert_true(server_count("/nonce") <= CW_ACME_IN_FLIGHT);
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
	assert_int_equal(cw_acme_poll_delay(&interval, &reply, far), 50);
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

static void
test_account_is_made_and_used(void **state)
{
	cw_auto_strv struct cw_strv contacts = {0};
	struct cw_acme_registration registration = {.contacts = &contacts, .terms_agreed = true};
	cw_auto_json struct json_object *body = NULL;
	cw_autofree char *url = NULL;
	struct json_object *sent = NULL;
	const char *payload;

	(void)state;
	cw_strv_add(&contacts, "mailto:a@example.org");
	server_on("/account", 201, "location: " CA "/account/7", "{\"status\":\"valid\"}");
	server_on("/account/7", 200, NULL, "{\"status\":\"valid\",\"x\":1}");
	assert_int_equal(cw_acme_account_new(server_acme, &registration, &url, &body, NULL), CW_OK);
	assert_string_equal(url, CA "/account/7");
	payload = server_payload("/account");
	assert_int_equal(cw_json_parse(payload, strlen(payload), "it", &sent, NULL), CW_OK);
	assert_true(cw_json_bool(sent, "termsOfServiceAgreed", false));
	assert_int_equal(json_object_array_length(cw_json_array(sent, "contact")), 1);
	assert_null(json_object_object_get(sent, "onlyReturnExisting"));
	assert_null(cw_json_string(server_header("/account"), "kid"));
	cw_json_clear(&sent);
	cw_json_clear(&body);
	assert_int_equal(cw_acme_account_get(server_acme, &body, NULL), CW_OK);
	assert_int_equal(cw_json_int(body, "x", 0), 1);
}

static void
test_account_without_location_or_life_is_refused(void **state)
{
	static const struct {
		const char *headers, *body;
		int status;
	} cases[] = {
		{NULL, "{\"status\":\"valid\"}", CW_E_PROTOCOL},
		{"location: /account/7", "{\"status\":\"valid\"}", CW_E_PROTOCOL},
		{"location: http://ca.example/7", "{\"status\":\"valid\"}", CW_E_PROTOCOL},
		{"location: " CA "/account/7", "{\"status\":\"revoked\"}", CW_E_ACME},
		{"location: " CA "/account/7", "", CW_E_PROTOCOL},
	};
	struct cw_acme_registration registration = {.only_existing = true};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct json_object *body;
		char *url;

		server_forget("/account");
		server_on("/account", 200, cases[i].headers, cases[i].body);
		assert_int_equal(cw_acme_account_new(server_acme, &registration, &url, &body, NULL),
				 cases[i].status);
		assert_null(url);
		assert_null(body);
	}
	assert_string_equal(server_payload("/account"), "{\"onlyReturnExisting\":true}");
}

static void
test_external_account_needs_its_key(void **state)
{
	struct cw_acme_registration registration = {.eab_kid = "kid"};
	cw_auto_error struct cw_error error = {0};
	struct json_object *body;
	char *url;

	(void)state;
	server_on("/account", 201, NULL, "{}");
	assert_int_equal(cw_acme_account_new(server_acme, &registration, &url, &body, &error),
			 CW_E_INVALID);
	assert_non_null(strstr(error.message, "--eab-hmac-key"));
	assert_int_equal(server_count("/account"), 0);
}

static void
test_key_change_survives_a_lost_answer(void **state)
{
	struct cw_signer second = server_signer;

	(void)state;
	server_on("/key", 0, NULL, NULL);
	server_problem("/key", 401, NULL, "unauthorized", "who?");
	server_on("/account/1", 200, NULL, "{\"status\":\"valid\"}");
	assert_int_equal(cw_acme_account_change_key(server_acme, &second, NULL), CW_OK);
	assert_ptr_equal(cw_acme_signer(server_acme), &second);
}

static void
test_refused_key_change_keeps_the_key(void **state)
{
	struct cw_signer second = server_signer;
	cw_auto_error struct cw_error error = {0};

	(void)state;
	server_problem("/key", 409, NULL, "malformed", "key in use");
	server_problem("/account/1", 401, NULL, "unauthorized", "not that key");
	assert_int_equal(cw_acme_account_change_key(server_acme, &second, &error), CW_E_ACME);
	assert_non_null(strstr(error.message, "key in use"));
	assert_ptr_equal(cw_acme_signer(server_acme), &server_signer);
}

static void
test_revocation_survives_a_lost_answer(void **state)
{
	(void)state;
	server_on("/revoke", 0, NULL, NULL);
	server_problem("/revoke", 400, NULL, "alreadyRevoked", "it is");
	assert_int_equal(cw_acme_revoke(server_acme, "MII", 4, NULL, NULL), CW_OK);
	assert_string_equal(server_payload("/revoke"), "{\"certificate\":\"MII\",\"reason\":4}");
	/* Without a loss it is an error. */
	assert_int_equal(cw_acme_revoke(server_acme, "MII", -1, &server_signer, NULL), CW_E_ACME);
	assert_string_equal(server_payload("/revoke"), "{\"certificate\":\"MII\"}");
	assert_null(cw_json_string(server_header("/revoke"), "kid"));
}

#define INFO(start, end) "{\"suggestedWindow\":{\"start\":\"" start "\",\"end\":\"" end "\"}}"

static void
test_renewal_information_is_read_and_bounded(void **state)
{
	static const struct {
		int http;
		const char *headers, *body;
		int status;
		int64_t retry_after;
	} cases[] = {
		{200, "retry-after: 21600", INFO("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
		 CW_OK, 21600000},
		{200, "retry-after: 1", INFO("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), CW_OK,
		 60000},
		{200, "retry-after: 999999", INFO("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
		 CW_OK, 86400000},
		{200, NULL, INFO("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), CW_OK, 21600000},
		{200, NULL, INFO("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"), CW_E_PROTOCOL,
		 21600000},
		{200, NULL, INFO("soon", "2026-01-01T00:00:00Z"), CW_E_PROTOCOL, 21600000},
		{200, NULL, "{}", CW_E_PROTOCOL, 21600000},
		{404, NULL, "{}", CW_E_PROTOCOL, 21600000},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_acme_renewal_info info = {.certificate_id = "aYhb.AIdl"};
		struct cw_acme_renewal_info *const infos[] = {&info};

		server_forget("/info/aYhb.AIdl");
		server_on("/info/aYhb.AIdl", cases[i].http, cases[i].headers, cases[i].body);
		assert_int_equal(cw_acme_renewal_info(server_acme, infos, 1, NULL), CW_OK);
		assert_int_equal(info.error.status, cases[i].status);
		assert_int_equal(info.retry_after, cases[i].retry_after);
		if (info.error.status == CW_OK)
			assert_int_equal(info.window_end - info.window_start, 86400);
		cw_error_clear(&info.error);
	}
	assert_int_equal(server_count("/nonce"), 0);
}

static void
test_renewal_information_needs_an_identifier(void **state)
{
	static const char *const ids[] = {NULL, "", "a", ".b", "a.", "a.b/../x", "a.b.c"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(ids); i++) {
		struct cw_acme_renewal_info info = {.certificate_id = ids[i]};
		struct cw_acme_renewal_info *const infos[] = {&info};

		assert_int_equal(cw_acme_renewal_info(server_acme, infos, 1, NULL), CW_OK);
		assert_int_equal(info.error.status, CW_E_INVALID);
		cw_error_clear(&info.error);
	}
}

static void
test_a_dead_server_is_not_asked_for_every_certificate(void **state)
{
	struct cw_acme_renewal_info infos[200] = {0};
	struct cw_acme_renewal_info *pointers[200];

	(void)state;
	server_on("/info/a.b", 0, NULL, NULL);
	for (size_t i = 0; i < CW_COUNT(infos); i++) {
		infos[i].certificate_id = "a.b";
		pointers[i] = &infos[i];
	}
	assert_int_equal(cw_acme_renewal_info(server_acme, pointers, CW_COUNT(infos), NULL), CW_OK);
	for (size_t i = 0; i < CW_COUNT(infos); i++) {
		assert_int_equal(infos[i].error.status, CW_E_NETWORK);
		assert_int_equal(infos[i].retry_after, 21600000);
		cw_error_clear(&infos[i].error);
	}
	assert_true(server_count("/info/a.b") < 3 * CW_COUNT(infos));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_directory_must_be_one),
		TEST(test_what_is_no_url_is_refused_at_once),
		TEST(test_meta_is_shown),
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
		TEST(test_account_is_made_and_used),
		TEST(test_account_without_location_or_life_is_refused),
		TEST(test_external_account_needs_its_key),
		TEST(test_key_change_survives_a_lost_answer),
		TEST(test_refused_key_change_keeps_the_key),
		TEST(test_revocation_survives_a_lost_answer),
		TEST(test_renewal_information_is_read_and_bounded),
		TEST(test_renewal_information_needs_an_identifier),
		TEST(test_a_dead_server_is_not_asked_for_every_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
