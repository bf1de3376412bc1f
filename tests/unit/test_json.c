#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

#include "memory_search.h"

static int
parse(const char *text, struct json_object **value, struct cw_error *error)
{
	return cw_json_parse(text, strlen(text), "the answer of \"x\"", value, error);
}

static void
test_one_value_is_parsed_whatever_its_kind(void **state)
{
	static const char *const values[] = {
		"{}", "[]", "12", "-1.5", "\"a\"", "true", " {\"a\":[1,null]} \r\n\t", "null"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(values); i++) {
		cw_auto_json struct json_object *value = NULL;

		if (parse(values[i], &value, NULL) != CW_OK)
			fail_msg("%s was refused", values[i]);
		assert_int_equal(value == NULL, strcmp(values[i], "null") == 0);
	}
}

static void
test_what_is_no_json_is_refused_by_name(void **state)
{
	static const char *const wrong[] = {
		"",
		" ",
		"{",
		"[1,2",
		"{}x",
		"{} {}",
		"{}\n]",
		"{'a':1}",
		"[1,]",
		"{\"a\":1,}",
		"// c\n{}",
		"nul",
		"12 13",
		"\"\xff\"",
		"\"\xc0\xaf\"",
		"\"\xed\xa0\x80\"",
		"{\"a\" 1}",
		"tru",
		"\"a\nb\"",
		"01",
		"True",
		"NaN",
		"Infinity",
		"-Infinity",
		"[NaN]",
		"\"a\\",
		"{\"a\\\":1}",
		"\"\x1f\"",
		"\"\\\n\"",
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(wrong); i++) {
		cw_auto_error struct cw_error error = {0};
		cw_auto_json struct json_object *value = NULL;

		if (parse(wrong[i], &value, &error) != CW_E_INVALID)
			fail_msg("%s was taken", wrong[i]);
		assert_null(value);
		assert_ptr_equal(strstr(error.message, "the answer of \"x\" is "), error.message);
	}
}

static void
test_a_zero_byte_hides_nothing(void **state)
{
	cw_auto_json struct json_object *value = NULL;

	(void)state;
	assert_int_equal(cw_json_parse("{}\0{}", 5, "it", &value, NULL), CW_E_INVALID);
	assert_int_equal(cw_json_parse("{}\0", 3, "it", &value, NULL), CW_E_INVALID);
	assert_int_equal(cw_json_parse("\"\\\0\"", 4, "it", &value, NULL), CW_E_INVALID);
	assert_int_equal(cw_json_parse("\0", 1, "it", &value, NULL), CW_E_INVALID);
	/* Only LENGTH bytes are looked at. */
	assert_int_equal(cw_json_parse("123x", 3, "it", &value, NULL), CW_OK);
	assert_int_equal(json_object_get_int(value), 123);
}

static void
test_depth_is_bounded(void **state)
{
	(void)state;
	for (int depth = 1; depth <= 100000; depth = depth < 40 ? depth + 1 : depth * 50) {
		cw_auto_buf struct cw_buf text = {0};
		cw_auto_json struct json_object *value = NULL;
		int status;

		for (int i = 0; i < depth; i++)
			cw_buf_add_char(&text, '[');
		for (int i = 0; i < depth; i++)
			cw_buf_add_char(&text, ']');
		status = cw_json_parse(text.data, text.length, "it", &value, NULL);
		assert_int_equal(status, depth <= 32 ? CW_OK : CW_E_INVALID);
	}
}

/* json-c takes the nearest number that 64 bits have, and from its version 0.18 on refuses the text.
 */
static void
test_a_number_beyond_64_bits_is_the_nearest_or_refused(void **state)
{
	cw_auto_json struct json_object *value = NULL;
	int status = parse("{\"huge\":99999999999999999999}", &value, NULL);

	(void)state;
	if (status == CW_OK)
		assert_true(cw_json_int(value, "huge", 0) == INT64_MAX);
	else
		assert_int_equal(status, CW_E_INVALID);
}

static void
test_getters_give_nothing_of_another_type(void **state)
{
	cw_auto_json struct json_object *value = NULL;

	(void)state;
	assert_int_equal(parse("{\"s\":\"t\",\"n\":null,\"i\":9007199254740993,\"b\":true,"
			       "\"o\":{},\"a\":[],\"d\":1.5,\"z\":\"a\\u0000b\"}",
			       &value, NULL),
			 CW_OK);
	assert_string_equal(cw_json_string(value, "s"), "t");
	assert_null(cw_json_string(value, "i"));
	assert_null(cw_json_string(value, "n"));
	assert_null(cw_json_string(value, "absent"));
	assert_null(cw_json_string(value, "z"));
	assert_null(cw_json_string(NULL, "s"));
	assert_null(cw_json_string(cw_json_array(value, "a"), "s"));
	assert_non_null(cw_json_object(value, "o"));
	assert_null(cw_json_object(value, "a"));
	assert_non_null(cw_json_array(value, "a"));
	assert_null(cw_json_array(value, "o"));
	assert_true(cw_json_bool(value, "b", false));
	assert_true(cw_json_bool(value, "s", true));
	assert_true(cw_json_int(value, "i", 0) == INT64_C(9007199254740993));
	assert_int_equal(cw_json_int(value, "d", -7), -7);
	assert_int_equal(cw_json_int(value, "s", -7), -7);
}

static void
test_text_is_compact_and_valid_utf8(void **state)
{
	cw_auto_json struct json_object *object = cw_json_new_object();
	cw_auto_strv struct cw_strv strv = {0};

	(void)state;
	cw_strv_add(&strv, "a/b");
	cw_strv_add(&strv, "\"\n");
	cw_json_set_string(object, "url", "https://x/");
	cw_json_set_string(object, "none", NULL);
	cw_json_set_string(object, "bytes", "\xc3\xa9 \xff \xc3 \xf0\x9f\x94\x92 \xed\xa0\x80");
	cw_json_set_int(object, "n", INT64_MIN);
	cw_json_set_bool(object, "b", false);
	cw_json_set(object, "l", cw_json_from_strv(&strv));
	assert_string_equal(cw_json_text(object),
			    "{\"url\":\"https://x/\",\"none\":null,"
			    "\"bytes\":\"\xc3\xa9 \xef\xbf\xbd \xef\xbf\xbd \xf0\x9f\x94\x92 "
			    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\","
			    "\"n\":-9223372036854775808,\"b\":false,\"l\":[\"a/b\",\"\\\"\\n\"]}");
	assert_string_equal(cw_json_text(NULL), "null");
}

static void
make_error(struct cw_error *error)
{
	struct cw_error part = {0};

	cw_fail(error, CW_E_ACME, "the CA refused with sesame-of-json");
	cw_hint(error, "wait");
	error->problem_type = cw_strdup("urn:ietf:params:acme:error:compound");
	error->problem_detail = cw_strdup("some names");
	cw_fail(&part, CW_E_NETWORK, "no address");
	cw_error_set_identifier(&part, "b.example");
	cw_error_add_part(error, &part);
	cw_context(error, "cannot renew");
	cw_error_set_identifier(error, "a.example");
}

static void
test_an_error_becomes_one_redacted_object(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_json struct json_object *object = NULL;

	(void)state;
	cw_log_secret("sesame-of-json");
	make_error(&error);
	object = cw_json_error(&error);
	assert_string_equal(
		cw_json_text(object),
		"{\"status\":\"acme\",\"message\":\"cannot renew: the CA refused with [secret]\","
		"\"hint\":\"wait\",\"identifier\":\"a.example\",\"problem\":{"
		"\"type\":\"urn:ietf:params:acme:error:compound\",\"detail\":\"some names\"},"
		"\"parts\":[{\"status\":\"network\",\"message\":\"no address\",\"hint\":null,"
		"\"identifier\":\"b.example\",\"problem\":null,\"parts\":[]}]}");
}

static void
test_an_error_survives_the_way_through_json(void **state)
{
	cw_auto_error struct cw_error error = {0}, again = {0};
	cw_auto_json struct json_object *object = NULL, *second = NULL, *odd = NULL;

	(void)state;
	make_error(&error);
	object = cw_json_error(&error);
	cw_json_to_error(object, &again);
	assert_int_equal(again.status, CW_E_ACME);
	assert_string_equal(cw_error_hint(&again), "wait");
	assert_int_equal(again.part_count, 1);
	assert_int_equal(again.parts[0]->status, CW_E_NETWORK);
	second = cw_json_error(&again);
	assert_string_equal(cw_json_text(second), cw_json_text(object));

	cw_json_to_error(NULL, &again);
	assert_int_equal(again.status, CW_E_PROTOCOL);
	assert_int_equal(parse("{\"status\":\"what\",\"message\":5,\"parts\":[1,null],"
			       "\"problem\":[]}",
			       &odd, NULL),
			 CW_OK);
	cw_json_to_error(odd, &again);
	assert_int_equal(again.status, CW_E_PROTOCOL);
	assert_non_null(again.message);
	cw_json_to_error(odd, NULL);
}

static void
test_a_secret_is_overwritten_in_the_value_and_in_its_text(void **state)
{
	struct json_object *value = NULL, *inner, *text;
	const char *whole;

	(void)state;
	assert_int_equal(parse("{\"a\":{\"d\":\"s3cret\"},\"b\":[\"s3cret\"]}", &value, NULL),
			 CW_OK);
	whole = cw_json_text(value);
	assert_non_null(strstr(whole, "s3cret"));
	inner = json_object_get(cw_json_object(value, "a"));
	text = json_object_get(value);
	cw_json_wipe(&value);
	assert_null(value);
	assert_string_equal(cw_json_string(inner, "d"), "xxxxxx");
	assert_null(strstr(whole, "s3cret"));
	json_object_put(inner);
	json_object_put(text);
}

/* SIZE bytes that differ from place to place, with a line end in each ten. */
static char *
telling_text(size_t size)
{
	char *text = cw_alloc(size + 32);
	size_t length = 0;

	for (unsigned i = 0; length < size; i++)
		length += (size_t)snprintf(text + length, 32, "%c%08x\\n", 'a' + (int)(i % 26),
					   i * 2654435761U);
	return text;
}

/* Not where a sanitizer has the heap. */
static bool
heap_can_be_searched(void)
{
	cw_autosecret char *text = telling_text(100);
	struct sought sought;

	seek(&sought, text + strlen(text) - 40);
	return count_in_heap(&sought) > 0;
}

/* Whatever the size: the buffers of the library grow at other places in its other releases. */
static void
test_a_secret_leaves_no_copy_when_it_is_parsed_and_written(void **state)
{
	(void)state;
	if (!heap_can_be_searched())
		skip();
	for (size_t size = 100; size < 20000; size = size * 5 / 4) {
		cw_autosecret char *secret = telling_text(size);
		cw_autosecret char *text = cw_alloc(size + 100);
		cw_autosecret char *again = NULL;
		cw_auto_secret_json struct json_object *value = NULL;
		struct sought sought;

		/* The end, in the form that the parser's value does not have. */
		seek(&sought, secret + strlen(secret) - 40);
		snprintf(text, size + 100, "{\"a\":\"%s\",\"b\":\"and more\"}", secret);
		assert_int_equal(count_in_heap(&sought), 2);
		assert_int_equal(cw_json_parse_secret(text, strlen(text), "it", &value, NULL),
				 CW_OK);
		again = cw_json_secret_text(value);
		assert_string_equal(again, text);
		cw_free_secret(cw_take(&again));
		cw_free_secret(cw_take(&text));
		assert_int_equal(count_in_heap(&sought), 1);
		/* And in the form that it has. */
		text = cw_strdup(cw_json_string(value, "a"));
		seek(&sought, text + strlen(text) - 40);
		cw_free_secret(cw_take(&text));
		assert_int_equal(count_in_heap(&sought), 1);
		cw_json_wipe(&value);
		assert_int_equal(count_in_heap(&sought), 0);
	}
}

static void
test_strings_of_an_array_are_added_and_nothing_else(void **state)
{
	static const char text[] = "{\"a\": [\"x\", 1, null, [\"y\"], \"z\"], \"b\": \"x\"}";
	cw_auto_json struct json_object *value = NULL;
	cw_auto_strv struct cw_strv strv = {0};

	(void)state;
	assert_int_equal(parse(text, &value, NULL), CW_OK);
	cw_json_add_to_strv(value, "a", &strv);
	cw_json_add_to_strv(value, "b", &strv);
	cw_json_add_to_strv(value, "c", &strv);
	cw_json_add_to_strv(NULL, "a", &strv);
	assert_int_equal(strv.count, 2);
	assert_string_equal(strv.items[0], "x");
	assert_string_equal(strv.items[1], "z");
	cw_json_set_time(value, "a", 1795000000);
	assert_string_equal(cw_json_string(value, "a"), "2026-11-18T11:06:40Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings_of_an_array_are_added_and_nothing_else),
		cmocka_unit_test(test_one_value_is_parsed_whatever_its_kind),
		cmocka_unit_test(test_what_is_no_json_is_refused_by_name),
		cmocka_unit_test(test_a_zero_byte_hides_nothing),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_getters_give_nothing_of_another_type),
		cmocka_unit_test(test_a_number_beyond_64_bits_is_the_nearest_or_refused),
		cmocka_unit_test(test_text_is_compact_and_valid_utf8),
		cmocka_unit_test(test_an_error_becomes_one_redacted_object),
		cmocka_unit_test(test_an_error_survives_the_way_through_json),
		cmocka_unit_test(test_a_secret_is_overwritten_in_the_value_and_in_its_text),
		cmocka_unit_test(test_a_secret_leaves_no_copy_when_it_is_parsed_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
