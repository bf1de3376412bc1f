#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include "acme/problem.h"
#include "base/mem.h"
#include "json_fixture.h"

#define URN "urn:ietf:params:acme:error:"

static void
test_problem_keeps_type_and_detail(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_json struct json_object *problem =
		json("{\"type\":\"" URN "rateLimited\",\"detail\":\"too many.\",\"status\":429}");

	(void)state;
	assert_int_equal(cw_acme_problem(&error, problem, "the CA refused %s", "it"), CW_E_ACME);
	assert_int_equal(error.status, CW_E_ACME);
	assert_string_equal(error.message, "the CA refused it (rateLimited): too many");
	assert_string_equal(error.problem_type, URN "rateLimited");
	assert_string_equal(error.problem_detail, "too many");
	assert_non_null(error.hint);
	assert_true(cw_acme_problem_named(&error, "rateLimited"));
	assert_false(cw_acme_problem_named(&error, "malformed"));
}

static void
test_subproblems_become_parts_with_their_names(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_json struct json_object *problem =
		json("{\"type\":\"" URN "compound\",\"detail\":\"two are bad\",\"subproblems\":["
		     "{\"type\":\"" URN "rejectedIdentifier\",\"detail\":\"no\",\"identifier\":"
		     "{\"type\":\"dns\",\"value\":\"a.example\"}},"
		     "{\"type\":\"" URN "caa\",\"detail\":\"CAA\",\"identifier\":"
		     "{\"type\":\"dns\",\"value\":\"*.b.example\"}},"
		     "{\"type\":\"" URN "malformed\"}, 7, null]}");

	(void)state;
	cw_acme_problem(&error, problem, "the CA refused the order");
	assert_int_equal(error.part_count, 3);
	assert_string_equal(error.parts[0]->identifier, "a.example");
	assert_string_equal(error.parts[0]->message,
			    "the CA refused \"a.example\" (rejectedIdentifier): no");
	assert_string_equal(error.parts[1]->identifier, "*.b.example");
	assert_string_equal(error.parts[1]->problem_type, URN "caa");
	assert_non_null(strstr(error.parts[1]->hint, "CAA"));
	assert_null(error.parts[2]->identifier);
}

static void
test_a_nul_hides_nothing(void **state)
{
	static const char *const texts[] = {
		"{\"type\":\"" URN "caa\",\"detail\":\"be\\u0000fore\"}",
		"{\"type\":\"" URN "caa\",\"detail\":\"\\u0000be\\u0000fore\\u0000\"}",
		"{\"type\":\"" URN "caa\\u0000\",\"title\":\"be\\u0000fore\"}",
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(texts); i++) {
		cw_auto_error struct cw_error error = {0};
		cw_auto_json struct json_object *problem = json(texts[i]);

		assert_true(cw_acme_problem_is(problem));
		cw_acme_problem(&error, problem, "the CA refused it");
		assert_string_equal(error.message, "the CA refused it (caa): be fore");
		assert_string_equal(error.problem_detail, "be fore");
	}
	cw_auto_json struct json_object *alone = json("{\"detail\":\"\\u0000\"}");
	assert_true(cw_acme_problem_is(alone));
}

static void
test_foreign_types_are_shown_whole(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_json struct json_object *problem =
		json("{\"type\":\"https://ca.example/e\",\"title\":\"closed\"}");

	(void)state;
	cw_acme_problem(&error, problem, "the CA refused it");
	assert_string_equal(error.message, "the CA refused it (https://ca.example/e): closed");
	assert_null(error.hint);
}

static void
test_a_problem_without_words_says_so(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_json struct json_object *empty = json("{\"type\":7,\"detail\":[]}");

	(void)state;
	assert_false(cw_acme_problem_is(empty));
	assert_false(cw_acme_problem_is(NULL));
	cw_acme_problem(&error, empty, "the CA refused it");
	assert_string_equal(error.message, "the CA refused it: it gave no reason");
	assert_null(error.problem_type);
}

static void
test_user_action_names_the_page(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_json struct json_object *problem =
		json("{\"type\":\"" URN "userActionRequired\",\"detail\":\"new terms\","
		     "\"instance\":\"https://ca.example/terms\"}");

	(void)state;
	cw_acme_problem(&error, problem, "the CA refused the order");
	assert_non_null(strstr(error.hint, "\"https://ca.example/terms\""));
}

static void
test_validation_problem_names_the_name_and_the_challenge(void **state)
{
	static const struct {
		const char *challenge, *type, *hint;
	} cases[] = {
		{"http-01", "connection", "port 80"},
		{"http-01", "unauthorized", "another web server"},
		{"dns-01", "unauthorized", "TXT record"},
		{"tls-alpn-01", "connection", "port 443"},
		{"tls-alpn-01", "dns", "public DNS"},
		{"http-01", "caa", "CAA records"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto_error struct cw_error error = {0};
		cw_autofree char *text =
			cw_format("{\"type\":\"" URN "%s\",\"detail\":\"why\"}", cases[i].type);
		cw_autofree char *message = cw_format(
			"the CA could not validate \"a.example\" (%s): why", cases[i].challenge);
		cw_auto_json struct json_object *problem = json(text);

		cw_acme_validation_problem(&error, problem, "a.example", cases[i].challenge);
		assert_string_equal(error.message, message);
		assert_string_equal(error.identifier, "a.example");
		assert_non_null(strstr(error.hint, cases[i].hint));
	}
}

static void
test_validation_without_a_problem_still_names_the_name(void **state)
{
	cw_auto_error struct cw_error error = {0};

	(void)state;
	cw_acme_validation_problem(&error, NULL, "a.example", "http-01");
	assert_string_equal(error.message, "the CA could not validate \"a.example\" (http-01): it "
					   "gave no reason");
	assert_int_equal(error.status, CW_E_ACME);
}

static void
test_details_cannot_drive_the_terminal(void **state)
{
	static const struct {
		const char *text;
		size_t max;
		const char *shown;
	} cases[] = {
		{"a\033[31mb\r\nc", 100, "a [31mb  c"},
		{"x\302\233"
		 "31my\177",
		 100, "x 31my"},
		{"  ends with a stop. ", 100, "ends with a stop"},
		{"goes on...", 100, "goes on..."},
		{"\303\244\303\266", 3, "\303\244"},
		{"", 10, ""},
		{".", 10, "."},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_autofree char *shown = cw_acme_printable(cases[i].text, cases[i].max);

		assert_string_equal(shown, cases[i].shown);
	}
}

static void
test_null_error_is_allowed(void **state)
{
	cw_auto_json struct json_object *problem = json("{\"type\":\"x\",\"subproblems\":[{}]}");

	(void)state;
	assert_int_equal(cw_acme_problem(NULL, problem, "it"), CW_E_ACME);
	assert_int_equal(cw_acme_validation_problem(NULL, problem, "a", "b"), CW_E_ACME);
	assert_false(cw_acme_problem_named(NULL, "x"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_problem_keeps_type_and_detail),
		cmocka_unit_test(test_subproblems_become_parts_with_their_names),
		cmocka_unit_test(test_a_nul_hides_nothing),
		cmocka_unit_test(test_foreign_types_are_shown_whole),
		cmocka_unit_test(test_a_problem_without_words_says_so),
		cmocka_unit_test(test_user_action_names_the_page),
		cmocka_unit_test(test_validation_problem_names_the_name_and_the_challenge),
		cmocka_unit_test(test_validation_without_a_problem_still_names_the_name),
		cmocka_unit_test(test_details_cannot_drive_the_terminal),
		cmocka_unit_test(test_null_error_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
