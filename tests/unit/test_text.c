#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
test_case_is_ignored_for_ascii_only(void **state)
{
	char text[] = "ExAmple.\xc3\x89";

	(void)state;
	assert_true(cw_equal_nocase("Retry-After", "retry-AFTER"));
	assert_false(cw_equal_nocase("Retry-After", "retry-afte"));
	assert_false(cw_equal_nocase("a", "ab"));
	assert_false(cw_equal_nocase("[", "{"));
	assert_string_equal(cw_lower(text), "example.\xc3\x89");
}

static void
test_beginnings_ends_and_null(void **state)
{
	(void)state;
	assert_true(cw_starts_with("--webroot", "--"));
	assert_false(cw_starts_with("-", "--"));
	assert_true(cw_ends_with("a.conf", ".conf"));
	assert_false(cw_ends_with("conf", ".conf"));
	assert_true(cw_equal(NULL, NULL));
	assert_false(cw_equal(NULL, ""));
	assert_false(cw_equal("", NULL));
	assert_true(cw_equal("x", "x"));
}

static void
test_trim_cuts_both_ends(void **state)
{
	char text[] = " \t a b \r\n", blank[] = " \n", dots[] = "a-b-c";

	(void)state;
	assert_string_equal(cw_trim(text), "a b");
	assert_string_equal(cw_trim(blank), "");
	assert_string_equal(cw_replace_char(dots, '-', '_'), "a_b_c");
}

static void
test_numbers_are_digits_within_the_limit(void **state)
{
	static const char *const wrong[] = {"",    "-1",
					    "+1",  " 1",
					    "1 ",  "1x",
					    "0x1", "18446744073709551616",
					    "1e3", "99999999999999999999999"};
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(wrong); i++)
		assert_false(cw_parse_uint(wrong[i], UINT64_MAX, &value));
	assert_false(cw_parse_uint("65536", 65535, &value));
	assert_false(cw_parse_uint("5", 3, &value));
	assert_int_equal(value, 7);
	assert_true(cw_parse_uint("65535", 65535, &value));
	assert_int_equal(value, 65535);
	assert_true(cw_parse_uint("00", 0, &value));
	assert_int_equal(value, 0);
	assert_true(cw_parse_uint("18446744073709551615", UINT64_MAX, &value));
	assert_true(value == UINT64_MAX);
}

static void
test_nearest_finds_what_was_meant(void **state)
{
	static const char *const verbs[] = {"run",    "certonly", "renew",    "certificates",
					    "revoke", "register", "rollback", NULL};

	(void)state;
	assert_string_equal(cw_nearest("renwe", verbs), "renew");
	assert_string_equal(cw_nearest("certonyl", verbs), "certonly");
	assert_string_equal(cw_nearest("certificate", verbs), "certificates");
	assert_string_equal(cw_nearest("reg", verbs), "register");
	assert_string_equal(cw_nearest("revoke", verbs), "revoke");
	assert_null(cw_nearest("hello", verbs));
	assert_null(cw_nearest("x", verbs));
	assert_null(cw_nearest("", verbs));
	assert_null(cw_nearest("a-word-that-is-longer-than-any-option-could-ever-be-in-this-"
			       "program-and-more",
			       verbs));
}

static void
test_base64url_is_that_of_rfc_4648(void **state)
{
	static const char *const pairs[][2] = {
		{"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
		{"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(pairs); i++) {
		cw_autofree char *text = cw_base64url(pairs[i][0], strlen(pairs[i][0]));
		cw_autofree unsigned char *data = NULL;
		size_t length = 99;

		assert_string_equal(text, pairs[i][1]);
		data = cw_base64url_decode(text, &length);
		assert_int_equal(length, strlen(pairs[i][0]));
		assert_string_equal((char *)data, pairs[i][0]);
	}
}

static void
test_base64_is_read_with_its_padding(void **state)
{
	static const char *const pairs[][2] = {
		{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"\xfb\xff", "+/8="}};
	static const char *const wrong[] = {"Zg", "Zg=", "Zm8", "-_8=", "Z===", "Zg==Zg=="};
	size_t length;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(pairs); i++) {
		cw_autofree unsigned char *data = cw_base64_decode(pairs[i][1], &length);

		assert_int_equal(length, strlen(pairs[i][0]));
		assert_string_equal((char *)data, pairs[i][0]);
	}
	for (size_t i = 0; i < CW_COUNT(wrong); i++)
		assert_null(cw_base64_decode(wrong[i], &length));
}

static void
test_base64url_keeps_all_bytes(void **state)
{
	unsigned char bytes[256];
	cw_autofree unsigned char *data = NULL;
	cw_autofree char *text = NULL, *hex = NULL;
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(255 - i);
	text = cw_base64url(bytes, sizeof(bytes));
	assert_null(strpbrk(text, "+/="));
	data = cw_base64url_decode(text, &length);
	assert_int_equal(length, sizeof(bytes));
	assert_memory_equal(data, bytes, sizeof(bytes));
	hex = cw_hex("\x00\xff\x1a", 3);
	assert_string_equal(hex, "00ff1a");
}

static void
test_base64url_refuses_what_it_never_makes(void **state)
{
	static const char *const wrong[] = {"Z",    "Zg==", "Zh",    "Zm9",
					    "Zm+v", "Zm/v", "Zm 9v", "Zm9vY"};
	size_t length;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(wrong); i++)
		assert_null(cw_base64url_decode(wrong[i], &length));
}

static void
test_what_follows_the_last_is_found(void **state)
{
	(void)state;
	assert_string_equal(cw_after_last("dist:name", ':'), "name");
	assert_string_equal(cw_after_last("a:b:c", ':'), "c");
	assert_string_equal(cw_after_last("name", ':'), "name");
	assert_string_equal(cw_after_last("name:", ':'), "");
	assert_null(cw_after_last(NULL, ':'));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_case_is_ignored_for_ascii_only),
		cmocka_unit_test(test_beginnings_ends_and_null),
		cmocka_unit_test(test_trim_cuts_both_ends),
		cmocka_unit_test(test_numbers_are_digits_within_the_limit),
		cmocka_unit_test(test_what_follows_the_last_is_found),
		cmocka_unit_test(test_nearest_finds_what_was_meant),
		cmocka_unit_test(test_base64url_is_that_of_rfc_4648),
		cmocka_unit_test(test_base64_is_read_with_its_padding),
		cmocka_unit_test(test_base64url_keeps_all_bytes),
		cmocka_unit_test(test_base64url_refuses_what_it_never_makes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
