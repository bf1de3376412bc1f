/* What is accepted as a name, and how it is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "flow/issue/names.h"
#include <cmocka.h>

static void
assert_becomes(const char *given, const char *expected)
{
	cw_auto_names struct cw_names names = {0};

	assert_int_equal(cw_names_add_dns_name(&names, given, NULL), CW_OK);
	assert_int_equal(names.dns.count, 1);
	assert_string_equal(names.dns.items[0], expected);
}

static void
assert_refused(const char *given, const char *why)
{
	cw_auto_names struct cw_names names = {0};
	cw_auto_error struct cw_error error = {0};

	assert_true(cw_names_add_dns_name(&names, given, &error) < 0);
	assert_int_equal(names.dns.count, 0);
	assert_non_null(strstr(error.message, why));
}

static void
test_names_are_lower_cased_and_lose_the_final_dot(void **state)
{
	(void)state;
	assert_becomes("Example.COM", "example.com");
	assert_becomes("example.com.", "example.com");
	assert_becomes("*.Example.com", "*.example.com");
}

static void
test_international_names_become_a_labels(void **state)
{
	(void)state;
	assert_becomes("b\xc3\xbc"
		       "cher.example",
		       "xn--bcher-kva.example");
	assert_becomes("B\xc3\x9c"
		       "CHER.example",
		       "xn--bcher-kva.example");
	assert_becomes("*.b\xc3\xbc"
		       "cher.example",
		       "*.xn--bcher-kva.example");
}

static void
test_what_is_no_name_is_refused_with_the_reason(void **state)
{
	char label[80] = "";
	char name[320] = "";

	(void)state;
	assert_refused("https://example.com/", "is a URL");
	assert_refused("example.com/path", "is a URL");
	assert_refused("192.0.2.1", "is an IP address");
	assert_refused("2001:db8::1", "is an IP address");
	assert_refused("example.com:443", "not for a port");
	assert_refused("localhost", "fully qualified");
	assert_refused("", "empty domain name");
	assert_refused(".", "empty label");
	assert_refused("a..example.com", "empty label");
	assert_refused("-a.example.com", "begins or ends with '-'");
	assert_refused("a-.example.com", "begins or ends with '-'");
	assert_refused("a b.example.com", "character");
	assert_refused("_service.example.com", "character");
	assert_refused("a.*.example.com", "wildcard");
	assert_refused("f*.example.com", "wildcard");
	memset(label, 'a', 64);
	snprintf(name, sizeof(name), "%s.example.com", label);
	assert_refused(name, "64 bytes");
	for (int i = 0; i < 60; i++)
		strcat(name, ".abc");
	assert_refused(name, "longer than 253");
}

static void
test_addresses_are_written_in_one_form(void **state)
{
	cw_auto_names struct cw_names names = {0};

	(void)state;
	assert_int_equal(cw_names_add_ip_address(&names, "2001:DB8:0:0::1", NULL), CW_OK);
	assert_int_equal(cw_names_add_ip_address(&names, "2001:db8::1", NULL), CW_OK);
	assert_int_equal(cw_names_add_ip_address(&names, "192.0.2.1", NULL), CW_OK);
	assert_int_equal(names.ip.count, 2);
	assert_string_equal(names.ip.items[0], "2001:db8::1");
	assert_true(cw_names_add_ip_address(&names, "example.com", NULL) < 0);
	assert_true(cw_names_add_ip_address(&names, "192.0.2.256", NULL) < 0);
}

static void
test_names_are_compared_in_any_order(void **state)
{
	cw_auto_names struct cw_names a = {0}, b = {0};

	(void)state;
	cw_names_add_dns_name(&a, "a.example", NULL);
	cw_names_add_dns_name(&a, "b.example", NULL);
	cw_names_add_dns_name(&b, "b.example", NULL);
	assert_false(cw_names_equal(&a, &b));
	assert_true(cw_names_contain(&a, &b));
	assert_false(cw_names_contain(&b, &a));
	cw_names_add_dns_name(&b, "a.example", NULL);
	cw_names_add_dns_name(&b, "A.example", NULL);
	assert_true(cw_names_equal(&a, &b));
}

static void
test_names_overlap_when_one_is_common(void **state)
{
	cw_auto_names struct cw_names a = {0}, b = {0};

	(void)state;
	assert_false(cw_names_overlap(&a, &b));
	cw_names_add_dns_name(&a, "a.example", NULL);
	cw_names_add_dns_name(&b, "b.example", NULL);
	cw_names_add_ip_address(&a, "192.0.2.1", NULL);
	assert_false(cw_names_overlap(&a, &b));
	cw_names_add_ip_address(&b, "192.0.2.1", NULL);
	assert_true(cw_names_overlap(&a, &b));
	cw_names_clear(&b);
	cw_names_add_dns_name(&b, "c.example", NULL);
	cw_names_add_dns_name(&b, "a.example", NULL);
	assert_true(cw_names_overlap(&b, &a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_lower_cased_and_lose_the_final_dot),
		cmocka_unit_test(test_international_names_become_a_labels),
		cmocka_unit_test(test_what_is_no_name_is_refused_with_the_reason),
		cmocka_unit_test(test_addresses_are_written_in_one_form),
		cmocka_unit_test(test_names_are_compared_in_any_order),
		cmocka_unit_test(test_names_overlap_when_one_is_common),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
