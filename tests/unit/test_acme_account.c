#include "test_acme_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#include <cmocka.h>

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
test_external_account_is_bound(void **state)
{
	cw_auto_json struct json_object *binding = cw_json_new_object();
	cw_auto_json struct json_object *body = NULL;
	struct cw_acme_registration registration = {.binding = binding};
	cw_autofree char *url = NULL;

	(void)state;
	cw_json_set_string(binding, "payload", "the key");
	server_on("/account", 201, "location: " CA "/account/7", "{\"status\":\"valid\"}");
	assert_int_equal(cw_acme_account_new(server_acme, &registration, &url, &body, NULL), CW_OK);
	assert_string_equal(server_payload("/account"),
			    "{\"externalAccountBinding\":{\"payload\":\"the key\"}}");
}

static void
test_key_change_survives_a_lost_answer(void **state)
{
	struct cw_signer second = server_signer;

	(void)state;
	server_on("/key", 0, NULL, NULL);
	server_problem("/key", 401, NULL, "unauthorized", "who?");
	server_on("/account/1", 200, NULL, "{\"status\":\"valid\"}");
	assert_int_equal(cw_acme_account_change_key(server_acme, &second, "{}", NULL), CW_OK);
	assert_string_equal(server_payload("/key"), "{}");
	assert_ptr_equal(cw_acme_signer(server_acme)->context, &second);
}

static void
test_refused_key_change_keeps_the_key(void **state)
{
	struct cw_signer second = server_signer;
	cw_auto_error struct cw_error error = {0};

	(void)state;
	server_problem("/key", 409, NULL, "malformed", "key in use");
	server_problem("/account/1", 401, NULL, "unauthorized", "not that key");
	assert_int_equal(cw_acme_account_change_key(server_acme, &second, "{}", &error), CW_E_ACME);
	assert_non_null(strstr(error.message, "key in use"));
	assert_ptr_equal(cw_acme_signer(server_acme)->context, &server_signer);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_set_up, server_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_account_is_made_and_used),
		TEST(test_account_without_location_or_life_is_refused),
		TEST(test_external_account_is_bound),
		TEST(test_key_change_survives_a_lost_answer),
		TEST(test_refused_key_change_keeps_the_key),
		TEST(test_revocation_survives_a_lost_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
