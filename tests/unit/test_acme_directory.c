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
test_directory_must_be_one(void **state)
{
	static const struct {
		int http;
		const char *body;
		int status;
		const char *why;
	} cases[] = {
		{200, "<html>welcome</html>", CW_E_PROTOCOL, "'<html>welcome</html>'"},
		{200, "[]", CW_E_PROTOCOL, "not answer with a JSON object"},
		{200, "", CW_E_PROTOCOL, "nothing"},
		{404, "gone", CW_E_NOT_FOUND, "HTTP 404"},
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
	assert_ptr_equal(cw_acme_signer(acme)->context, &server_signer);
	cw_acme_free(acme);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_set_up, server_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_directory_must_be_one),
		TEST(test_what_is_no_url_is_refused_at_once),
		TEST(test_meta_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
