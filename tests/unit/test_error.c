#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

static void
assert_line(const struct cw_error *error, const char *expected)
{
	cw_autofree char *line = cw_error_line(error);

	assert_string_equal(line, expected);
}

static void
test_a_chain_reads_from_the_outside_in(void **state)
{
	cw_auto_error struct cw_error error = {0};

	(void)state;
	assert_int_equal(cw_fail_errno(&error, ENOENT, "cannot open \"%s\"", "/x"), CW_E_NOT_FOUND);
	cw_hint(&error, "inner");
	cw_hint(&error, "ignored");
	assert_int_equal(cw_context(&error, "cannot read the account"), CW_E_NOT_FOUND);
	cw_hint(&error, "outer");
	assert_int_equal(cw_context(&error, "cannot renew \"%s\"", "a.example"), CW_E_NOT_FOUND);
	assert_line(&error, "cannot renew \"a.example\": cannot read the account: cannot open "
			    "\"/x\": No such file or directory");
	assert_string_equal(cw_error_hint(&error), "inner");
	assert_int_equal(error.status, CW_E_NOT_FOUND);
}

static void
test_a_message_may_quote_the_error_that_it_replaces(void **state)
{
	cw_auto_error struct cw_error error = {0};

	(void)state;
	cw_fail(&error, CW_E_IO, "first");
	cw_fail(&error, CW_E_INVALID, "second after %s", error.message);
	assert_line(&error, "second after first");
	assert_int_equal(error.status, CW_E_INVALID);
	assert_null(error.cause);
	cw_context(&error, "%s twice", error.message);
	assert_line(&error, "second after first twice: second after first");
}

static void
test_the_status_survives_a_caller_without_an_error(void **state)
{
	struct cw_error from = {0};

	(void)state;
	assert_int_equal(cw_fail(NULL, CW_E_BUSY, "x"), CW_E_BUSY);
	cw_hint(NULL, "x");
	cw_error_set_identifier(NULL, "x");
	assert_int_equal(cw_context(NULL, "y"), CW_E_BUSY);
	cw_fail(&from, CW_E_TIMEOUT, "z");
	cw_fail(NULL, CW_E_BUSY, "x");
	assert_int_equal(cw_error_move(NULL, &from), CW_E_TIMEOUT);
	assert_int_equal(cw_context(NULL, "y"), CW_E_TIMEOUT);
	assert_null(from.message);
}

static void
test_context_keeps_identifier_and_parts_on_top(void **state)
{
	cw_auto_error struct cw_error error = {0}, copy = {0};
	struct cw_error part = {0};

	(void)state;
	cw_fail(&part, CW_E_ACME, "part");
	cw_error_set_identifier(&part, "b.example");
	part.problem_type = cw_strdup("urn:ietf:params:acme:error:dns");
	cw_fail(&error, CW_E_ACME, "whole");
	error.problem_type = cw_strdup("urn:ietf:params:acme:error:compound");
	cw_error_set_identifier(&error, "a.example");
	cw_error_add_part(&error, &part);
	assert_null(part.message);
	cw_context(&error, "outside");
	assert_string_equal(error.identifier, "a.example");
	assert_int_equal(error.part_count, 1);
	assert_int_equal(error.cause->part_count, 0);
	assert_string_equal(cw_error_problem_type(&error), "urn:ietf:params:acme:error:compound");

	cw_error_copy(&copy, &error);
	cw_error_clear(&error);
	assert_line(&copy, "outside: whole");
	assert_string_equal(copy.parts[0]->identifier, "b.example");
	assert_string_equal(cw_error_problem_type(copy.parts[0]), "urn:ietf:params:acme:error:dns");
}

static void
test_an_error_can_be_replaced_by_its_own_part(void **state)
{
	cw_auto_error struct cw_error error = {0};
	struct cw_error part = {0};

	(void)state;
	cw_fail(&part, CW_E_NETWORK, "part");
	cw_fail(&error, CW_E_ACME, "whole");
	cw_error_add_part(&error, &part);
	cw_error_move(&error, error.parts[0]);
	assert_line(&error, "part");
	assert_int_equal(cw_error_move(&error, &error), CW_E_NETWORK);
	assert_line(&error, "part");
}

static void
test_every_status_has_a_name_of_its_own(void **state)
{
	(void)state;
	assert_string_equal(cw_status_name(CW_E_NOT_FOUND), "not-found");
	assert_string_equal(cw_status_name(CW_E_TIMEOUT), "timeout");
	assert_string_equal(cw_status_name(-1000), "unknown");
	for (int a = CW_OK; a >= CW_E_COMMAND; a--) {
		assert_string_not_equal(cw_status_name(a), "unknown");
		for (int b = CW_OK; b > a; b--)
			assert_string_not_equal(cw_status_name(a), cw_status_name(b));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_chain_reads_from_the_outside_in),
		cmocka_unit_test(test_a_message_may_quote_the_error_that_it_replaces),
		cmocka_unit_test(test_the_status_survives_a_caller_without_an_error),
		cmocka_unit_test(test_context_keeps_identifier_and_parts_on_top),
		cmocka_unit_test(test_an_error_can_be_replaced_by_its_own_part),
		cmocka_unit_test(test_every_status_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
