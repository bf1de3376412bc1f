#include "base/mem.h"
#include "base/printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
shows(const char *text, bool lines, const char *expected)
{
	cw_autofree char *shown = cw_printable(text, lines);

	assert_string_equal(shown, expected);
}

static void
test_what_people_can_read_stays(void **state)
{
	static const char *const texts[] = {
		"",
		"plain \"text\" \\ with ~ all of ASCII",
		"M\xc3\xbcller, \xd0\x9f\xd1\x80, \xe4\xbe\x8b\xe3\x81\x88",
		"\xc2\xa0\xf0\x9f\x94\x92\xd7\x90",
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(texts); i++) {
		shows(texts[i], false, texts[i]);
		shows(texts[i], true, texts[i]);
	}
	assert_null(cw_printable(NULL, false));
}

static void
test_control_characters_are_escaped(void **state)
{
	(void)state;
	shows("a\x1b[31mb\x07\x7f", false, "a\\x1b[31mb\\x07\\x7f");
	shows("a\xc2\x9b"
	      "31mb\xc2\x80\xc2\x9f",
	      false, "a\\x9b31mb\\x80\\x9f");
	shows("a\nb\tc\r", false, "a\\nb\\tc\\r");
	shows("a\nb\tc\r", true, "a\nb\tc\\r");
}

static void
test_what_is_not_seen_or_turns_the_text_is_escaped(void **state)
{
	(void)state;
	shows("\xe2\x80\xae"
	      "txt.exe\xe2\x80\xac",
	      true, "\\u202etxt.exe\\u202c");
	shows("\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", true,
	      "\\u2066\\u2069\\u200e\\u200f\\u061c");
	shows("a\xe2\x80\xa8"
	      "b\xe2\x80\xa9",
	      true, "a\\u2028b\\u2029");
	shows("a\xe2\x80\x8b\xef\xbb\xbf\xc2\xad"
	      "b",
	      true, "a\\u200b\\ufeff\\xadb");
	shows("a\xf3\xa0\x81\x81", true, "a\\ue0041");
}

static void
test_what_is_not_utf8_is_escaped_byte_by_byte(void **state)
{
	(void)state;
	shows("\xff\xfe", false, "\\xff\\xfe");
	shows("caf\xe9!", false, "caf\\xe9!");
	shows("\xc0\xae\xe0\x80\xaf", false, "\\xc0\\xae\\xe0\\x80\\xaf");
	shows("\xed\xa0\x80", false, "\\xed\\xa0\\x80");
	shows("\xf4\x90\x80\x80", false, "\\xf4\\x90\\x80\\x80");
	shows("\xe2\x80", false, "\\xe2\\x80");
	shows("\x9b"
	      "31m",
	      false, "\\x9b31m");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_people_can_read_stays),
		cmocka_unit_test(test_control_characters_are_escaped),
		cmocka_unit_test(test_what_is_not_seen_or_turns_the_text_is_escaped),
		cmocka_unit_test(test_what_is_not_utf8_is_escaped_byte_by_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
