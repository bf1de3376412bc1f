/* The records of dns-persist-01 and dns-account-01. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include "acme/persistent.h"
#include "base/mem.h"

#define ACCOUNT "https://ca.example/acct/123"
#define NOW 1800000000

static void
judged(const char *text, bool wildcard, bool good, const char *why)
{
	cw_auto_strv struct cw_strv issuers = {0}, texts = {0};
	struct cw_acme_persistent wanted = {
		.issuers = &issuers, .account_url = ACCOUNT, .wildcard = wildcard, .now = NOW};
	cw_autofree char *reason = NULL;

	cw_strv_add(&issuers, "authority.example");
	cw_strv_add(&issuers, "ca.example.net");
	cw_strv_split(&texts, text, '|');
	assert_int_equal(cw_acme_persistent_find(&wanted, &texts, &reason), good);
	if (why == NULL)
		assert_null(reason);
	else
		assert_string_equal(reason, why);
}

static void
fits(const char *text)
{
	judged(text, false, true, NULL);
}

static void
is_refused(const char *text, const char *why)
{
	judged(text, false, false, why);
}

static void
test_a_record_for_the_account_fits(void **state)
{
	(void)state;
	fits("authority.example; accounturi=" ACCOUNT);
	fits("CA.Example.NET.;accounturi=" ACCOUNT);
	fits("  authority.example  ;  AccountURI  =  " ACCOUNT "  ");
	fits("authority.example; accounturi=" ACCOUNT "; policy=other; unknown=1");
	fits("authority.example; accounturi=" ACCOUNT "; persistUntil=1800000000");
	fits("authority.example; accounturi=" ACCOUNT "; persistUntil=99999999999");
}

static void
test_another_is_refused_with_the_reason(void **state)
{
	(void)state;
	is_refused("", NULL);
	is_refused("other.example; accounturi=" ACCOUNT, "is for another CA, \"other.example\"");
	is_refused("authority.example; accounturi=" ACCOUNT "4",
		   "is for another account, \"" ACCOUNT "4\"");
	is_refused("authority.example; accounturi=HTTPS://ca.example/acct/123",
		   "is for another account, \"HTTPS://ca.example/acct/123\"");
	is_refused("authority.example", "names no account (accounturi)");
	is_refused("authority.example;", "names no account (accounturi)");
	is_refused("authority.example; accounturi=" ACCOUNT "; persistUntil=1799999999",
		   "expired at 2027-01-15T07:59:59Z");
}

static void
test_a_malformed_record_is_refused(void **state)
{
	static const char *const parameters[] = {
		"accounturi=" ACCOUNT ";",
		"accounturi=" ACCOUNT "; accounturi=" ACCOUNT,
		"accounturi=" ACCOUNT "; policy=wildcard; POLICY=wildcard",
		"accounturi=" ACCOUNT "; persistUntil=soon",
		"accounturi=" ACCOUNT "; persistUntil=-1",
		"accounturi=" ACCOUNT "; persistUntil=",
		"accounturi=" ACCOUNT "; persistUntil=99999999999999999999",
		"accounturi=" ACCOUNT "; word",
		"accounturi=" ACCOUNT "; -=1",
		"accounturi=" ACCOUNT "; a b=1",
		"accounturi=" ACCOUNT "; a=1 2",
		("=" ACCOUNT),
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(parameters); i++) {
		cw_autofree char *text = cw_format("authority.example; %s", parameters[i]);

		is_refused(text, "is malformed");
	}
}

static void
test_a_wildcard_needs_the_policy(void **state)
{
	(void)state;
	judged("authority.example; accounturi=" ACCOUNT "; policy=WildCard", true, true, NULL);
	judged("authority.example; accounturi=" ACCOUNT, true, false,
	       "does not have \"policy=wildcard\"");
}

static void
test_one_of_several_is_enough(void **state)
{
	(void)state;
	fits("nonsense|other.example; accounturi=" ACCOUNT "|authority.example; accounturi=x|"
	     "authority.example; accounturi=" ACCOUNT);
	/* The one that comes closest is told. */
	is_refused("other.example; accounturi=" ACCOUNT "|authority.example; accounturi=x|"
		   "authority.example; accounturi=" ACCOUNT "; persistUntil=1",
		   "expired at 1970-01-01T00:00:01Z");
}

static void
test_what_we_write_fits(void **state)
{
	cw_autofree char *plain = cw_acme_persistent_text("authority.example", ACCOUNT, false);
	cw_autofree char *wild = cw_acme_persistent_text("ca.example.net", ACCOUNT, true);

	(void)state;
	assert_string_equal(plain, "authority.example; accounturi=" ACCOUNT);
	fits(plain);
	judged(wild, true, true, NULL);
}

static void
test_issuers_are_names_in_lower_case(void **state)
{
	static const char *const bad[] = {"",    ".",   "a.",  ".a",  "a..b",
					  "A.b", "a b", "a;b", "a_b", "ä.example"};

	(void)state;
	assert_true(cw_acme_issuer_ok("xn--bcher-kva.example"));
	assert_true(cw_acme_issuer_ok("ca"));
	for (size_t i = 0; i < CW_COUNT(bad); i++)
		assert_false(cw_acme_issuer_ok(bad[i]));
}

/* The example of draft-ietf-acme-dns-account-label. */
static void
test_the_label_of_an_account(void **state)
{
	cw_autofree char *record = cw_acme_account_record(
		"https://example.com/acme/acct/ExampleAccount", "www.example.org");

	(void)state;
	assert_string_equal(record, "_ujmmovf2vn55tgye._acme-challenge.www.example.org");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_record_for_the_account_fits),
		cmocka_unit_test(test_another_is_refused_with_the_reason),
		cmocka_unit_test(test_a_malformed_record_is_refused),
		cmocka_unit_test(test_a_wildcard_needs_the_policy),
		cmocka_unit_test(test_one_of_several_is_enough),
		cmocka_unit_test(test_what_we_write_fits),
		cmocka_unit_test(test_issuers_are_names_in_lower_case),
		cmocka_unit_test(test_the_label_of_an_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
