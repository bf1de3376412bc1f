#include "store/configobj.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct cw_configobj *
parse(const char *text)
{
	struct cw_configobj *config;

	assert_int_equal(cw_configobj_parse(text, strlen(text), "\"a.conf\"", &config, NULL),
			 CW_OK);
	return config;
}

static void
assert_written(const struct cw_configobj *config, const char *expected)
{
	cw_auto_buf struct cw_buf buf = {0};

	cw_configobj_write(config, &buf);
	assert_string_equal(cw_buf_text(&buf), expected);
}

static void
assert_list(const struct cw_configobj *config, const char *section, const char *key,
	    const char *joined)
{
	cw_auto_strv struct cw_strv values = {0};
	cw_autofree char *text = NULL;

	assert_true(cw_configobj_get_list(config, section, key, &values));
	text = cw_strv_join(&values, "|");
	assert_string_equal(text, joined);
}

/* What Python's configobj 5.0.8 makes of the same; NULL: an error. */
static const struct {
	const char *spelled;
	const char *read;
	bool list;
} values[] = {
	{"", "", false},
	{"a b", "a b", false},
	{"a b  ", "a b", false},
	{"None", "None", false},
	{"\"\"", "", false},
	{"\" a \"", " a ", false},
	{"' \"x\" '", " \"x\" ", false},
	{"a # comment", "a", false},
	{"a#comment", "a", false},
	{"\"a # b\" # comment", "a # b", false},
	{"# comment", "", false},
	{"a, b", "a|b", true},
	{"a,b ,c", "a|b|c", true},
	{"a,", "a", true},
	{"a, # comment", "a", true},
	{",", "", true},
	{"\"a, b\", c", "a, b|c", true},
	{"\"\", ''", "|", true},
	{"it's", "it's", false},
	{"a\"b", "a\"b", false},
	{"\"a\" and \"b\"", "a\" and \"b", false},
	{"'''a'b\"c'''", "a'b\"c", false},
	{"'''a\nb'''", "a\nb", false},
	{"\"\"\"a\n\nb\"\"\" # comment", "a\n\nb", false},
	{"a = b", "a = b", false},
	{"x\xc2\xa0", "x", false},
	{"'a", NULL, false},
	{"\"a\" b", NULL, false},
	{",a", NULL, false},
	{"a,,b", NULL, false},
	{"'''a", NULL, false},
	{"'''a''' b", NULL, false},
};

static void
test_values_are_read_as_configobj_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < CW_COUNT(values); i++) {
		cw_autofree char *text = cw_format("[s]\nkey = %s\nnext = x\n", values[i].spelled);
		cw_auto_configobj struct cw_configobj *config = NULL;
		int status = cw_configobj_parse(text, strlen(text), "a", &config, NULL);

		assert_int_equal(status, values[i].read == NULL ? CW_E_INVALID : CW_OK);
		if (status != CW_OK)
			continue;
		assert_list(config, "s", "key", values[i].read);
		assert_int_equal(cw_configobj_is_list(config, "s", "key"), values[i].list);
		assert_string_equal(cw_configobj_get(config, "s", "next"), "x");
		assert_written(config, text);
	}
}

static const struct {
	const char *value;
	const char *spelled; /* NULL: cannot be */
} scalars[] = {
	{"", "\"\""},
	{"a b", "a b"},
	{" a", "\" a\""},
	{"a ", "\"a \""},
	{"a, b", "\"a, b\""},
	{"a # b", "\"a # b\""},
	{"say \"a\"", "'say \"a\"'"},
	{"a\"b", "a\"b"},
	{"it's", "it's"},
	{"it's, yes", "\"it's, yes\""},
	{"it's \"a\"", "'''it's \"a\"'''"},
	{"a\nb", "'''a\nb'''"},
	{"'''\n", "\"\"\"'''\n\"\"\""},
	{"'''\"\"\"", NULL},
	{"a\r\nb", NULL},
	{"x\xc2\xa0", "\"x\xc2\xa0\""},
	{"\xff", NULL},
	{"/usr/bin/x --a='b' --c", "/usr/bin/x --a='b' --c"},
	{"%(home)s", "%(home)s"},
};

static void
test_scalars_are_quoted_as_configobj_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < CW_COUNT(scalars); i++) {
		cw_auto_configobj struct cw_configobj *config = cw_configobj_new();
		cw_autofree char *expected = NULL;

		cw_configobj_set(config, "", "key", scalars[i].value);
		if (scalars[i].spelled == NULL) {
			assert_int_equal(cw_configobj_check(config, NULL), CW_E_INVALID);
			assert_written(config, "");
			continue;
		}
		expected = cw_format("key = %s\n", scalars[i].spelled);
		assert_int_equal(cw_configobj_check(config, NULL), CW_OK);
		assert_written(config, expected);
		assert_string_equal(cw_configobj_get(config, "", "key"), scalars[i].value);
	}
}

static void
test_lists_are_written_as_configobj_does(void **state)
{
	static const char *const items[] = {"/srv/a", "b, c", "", "d"};
	static const char *const expected[] = {"l = ,\n", "l = /srv/a,\n", "l = /srv/a, \"b, c\"\n",
					       "l = /srv/a, \"b, c\", \"\"\n"};
	cw_auto_configobj struct cw_configobj *config = cw_configobj_new();
	cw_auto_strv struct cw_strv list = {0};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(expected); i++) {
		cw_configobj_set_list(config, "", "l", &list);
		assert_written(config, expected[i]);
		cw_strv_add(&list, items[i]);
	}
	cw_strv_add(&list, "'\"");
	cw_configobj_set_list(config, "", "l", &list);
	assert_int_equal(cw_configobj_check(config, NULL), CW_E_INVALID);
}

static void
test_keys_are_quoted_where_needed(void **state)
{
	cw_auto_configobj struct cw_configobj *config = cw_configobj_new();

	(void)state;
	cw_configobj_set(config, "m", "*.example.org", "/srv");
	cw_configobj_set(config, "m", "a=b", "1");
	cw_configobj_set(config, "m", "#c", "2");
	cw_configobj_set(config, "m/in ] side", "d", "3");
	assert_written(config, "[m]\n*.example.org = /srv\n\"a=b\" = 1\n\"#c\" = 2\n[[in ] side]]\n"
			       "d = 3\n");
	assert_string_equal(cw_configobj_get(config, "m", "a=b"), "1");
	assert_string_equal(cw_configobj_get(config, "m/in ] side", "d"), "3");
}

static const char sample[] = "# renew_before_expiry = 30 days\n"
			     "version = 5.6.0\n"
			     "  archive_dir=/a   # moved\n"
			     "\n"
			     "# Options\n"
			     "[renewalparams]\n"
			     "account = 1234\n"
			     "webroot_path = /srv,\n"
			     "[[webroot_map]]\n"
			     "a.test = /srv\n"
			     "\n"
			     "# mine\n"
			     "[other]\n"
			     "x = 1\n"
			     "# the end\n";

static void
test_sections_and_comments_are_found(void **state)
{
	cw_auto_configobj struct cw_configobj *config = parse(sample);
	cw_auto_strv struct cw_strv names = {0};

	(void)state;
	assert_string_equal(cw_configobj_get(config, "renewalparams/webroot_map", "a.test"),
			    "/srv");
	assert_null(cw_configobj_get(config, "renewalparams", "a.test"));
	assert_null(cw_configobj_get(config, "nothing", "a.test"));
	assert_string_equal(cw_configobj_get(config, "", "archive_dir"), "/a");
	assert_true(cw_configobj_has_section(config, "other"));
	assert_false(cw_configobj_has_section(config, "webroot_map"));
	cw_configobj_sections(config, "", &names);
	assert_int_equal(names.count, 2);
	cw_configobj_sections(config, "renewalparams", &names);
	assert_int_equal(names.count, 3);
	assert_string_equal(names.items[2], "webroot_map");
	cw_configobj_keys(config, "renewalparams", &names);
	assert_int_equal(names.count, 5);
}

static void
test_a_section_is_gone_through_in_order_without_those_beneath_it(void **state)
{
	cw_auto_configobj struct cw_configobj *config =
		parse("# top\na = 1\n\nb = x, y\n[empty]\n[s]\n# of c\nc = 'z'\n[[t]]\nd = 2\n");
	struct cw_configobj_entry entry;
	size_t at = 0;

	(void)state;
	assert_true(cw_configobj_next(config, "", &at, &entry));
	assert_string_equal(entry.key, "a");
	assert_string_equal(entry.text, "1");
	assert_null(entry.list);
	assert_true(cw_configobj_next(config, "", &at, &entry));
	assert_string_equal(entry.key, "b");
	assert_int_equal(entry.list->count, 2);
	assert_string_equal(entry.list->items[1], "y");
	assert_false(cw_configobj_next(config, "", &at, &entry));
	at = 0;
	assert_false(cw_configobj_next(config, "empty", &at, &entry));
	assert_false(cw_configobj_next(config, "absent", &at, &entry));
	assert_true(cw_configobj_next(config, "s", &at, &entry));
	assert_string_equal(entry.text, "z");
	assert_false(cw_configobj_next(config, "s", &at, &entry));
	at = 0;
	assert_true(cw_configobj_next(config, "s/t", &at, &entry));
	assert_string_equal(entry.key, "d");
	assert_false(cw_configobj_next(config, "s/t", &at, &entry));
}

static void
test_changes_leave_other_lines_alone(void **state)
{
	cw_auto_configobj struct cw_configobj *config = parse(sample);

	(void)state;
	cw_configobj_set(config, "", "archive_dir", "/b, c");
	cw_configobj_set(config, "", "added", "1");
	cw_configobj_set(config, "renewalparams", "server", "https://ca.test/");
	cw_configobj_set(config, "renewalparams/webroot_map", "b.test", "/srv");
	cw_configobj_set(config, "renewalparams/more", "y", "2");
	cw_configobj_set(config, "certwright", "z", "3");
	cw_configobj_remove(config, "renewalparams", "account");
	assert_written(config, "# renew_before_expiry = 30 days\n"
			       "version = 5.6.0\n"
			       "  archive_dir=\"/b, c\"   # moved\n"
			       "  added = 1\n"
			       "\n"
			       "# Options\n"
			       "[renewalparams]\n"
			       "webroot_path = /srv,\n"
			       "server = https://ca.test/\n"
			       "[[webroot_map]]\n"
			       "a.test = /srv\n"
			       "b.test = /srv\n"
			       "[[more]]\n"
			       "y = 2\n"
			       "\n"
			       "# mine\n"
			       "[other]\n"
			       "x = 1\n"
			       "\n"
			       "[certwright]\n"
			       "z = 3\n"
			       "# the end\n");
	cw_configobj_remove_section(config, "certwright");
	cw_configobj_remove_section(config, "renewalparams");
	assert_written(config, "# renew_before_expiry = 30 days\n"
			       "version = 5.6.0\n"
			       "  archive_dir=\"/b, c\"   # moved\n"
			       "  added = 1\n"
			       "\n"
			       "# Options\n"
			       "\n"
			       "# mine\n"
			       "[other]\n"
			       "x = 1\n"
			       "# the end\n");
}

static void
test_line_ends_are_kept(void **state)
{
	cw_auto_configobj struct cw_configobj *config = parse("\xef\xbb\xbf"
							      "a = 1\r\n[s]\r\n\tb = 2");

	(void)state;
	assert_string_equal(cw_configobj_get(config, "", "a"), "1");
	cw_configobj_set(config, "", "c", "3");
	cw_configobj_set(config, "s", "d", "4");
	assert_written(config, "\xef\xbb\xbf"
			       "a = 1\r\nc = 3\r\n[s]\r\n\tb = 2\r\n\td = 4\r\n");
}

static void
test_comments_added_stand_above_what_follows(void **state)
{
	cw_auto_configobj struct cw_configobj *config = cw_configobj_new();

	(void)state;
	cw_configobj_add_comment(config, "", "# first");
	cw_configobj_set(config, "", "a", "1");
	cw_configobj_add_comment(config, "", "");
	cw_configobj_add_comment(config, "", "# second");
	cw_configobj_set(config, "s", "b", "2");
	assert_written(config, "# first\na = 1\n\n# second\n[s]\nb = 2\n");
}

static void
test_a_copy_can_be_changed_apart(void **state)
{
	cw_auto_configobj struct cw_configobj *config = parse(sample);
	cw_auto_configobj struct cw_configobj *copy = cw_configobj_copy(config);

	(void)state;
	cw_configobj_set(copy, "other", "x", "2");
	assert_string_equal(cw_configobj_get(copy, "other", "x"), "2");
	assert_string_equal(cw_configobj_get(config, "other", "x"), "1");
	assert_written(config, sample);
}

static void
test_errors_name_the_line(void **state)
{
	static const struct {
		const char *text;
		size_t length; /* 0: that of the text */
		const char *message;
	} cases[] = {
		{"a = 1\nb\n", 0, "\"a.conf\", line 2: this is neither a section, nor key = value"},
		{"a = 1\n\na = 2\n", 0, "\"a.conf\", line 3: \"a\" is already in line 1"},
		{"[s]\n[t]\n[s]\n", 0, "\"a.conf\", line 3: \"s\" is already in line 1"},
		{"a = 1\n[a]\n", 0, "\"a.conf\", line 2: \"a\" is already in line 1"},
		{"[[s]]\n", 0, "\"a.conf\", line 1: this section is nested too deeply"},
		{"[[s]\n", 0, "\"a.conf\", line 1: a section needs as many [ as ]"},
		{"a = 1\nb = \xff\n", 0, "\"a.conf\", line 2: this is not UTF-8"},
		{"a = \xed\xa0\x80\n", 0, "\"a.conf\", line 1: this is not UTF-8"},
		{"a = \0\n", 6, "\"a.conf\", line 1: there is a NUL byte"},
		{"a = '''\nx\n", 0, "\"a.conf\", line 2: a quote is not closed"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		size_t length = cases[i].length == 0 ? strlen(cases[i].text) : cases[i].length;
		cw_auto_error struct cw_error error = {0};
		struct cw_configobj *config;

		assert_int_equal(
			cw_configobj_parse(cases[i].text, length, "\"a.conf\"", &config, &error),
			CW_E_INVALID);
		assert_null(config);
		assert_string_equal(error.message, cases[i].message);
	}
}

static void
test_long_and_nasty_values_end_soon(void **state)
{
	cw_auto_buf struct cw_buf text = {0};
	struct cw_configobj *config;

	(void)state;
	cw_buf_add_text(&text, "a = ");
	for (int i = 0; i < 2000; i++)
		cw_buf_add_text(&text, "\"\", ");
	cw_buf_add_text(&text, "\"x\n");
	assert_int_equal(cw_configobj_parse(text.data, text.length, "a", &config, NULL),
			 CW_E_INVALID);
	cw_buf_truncate(&text, 4);
	for (int i = 0; i < 200000; i++)
		cw_buf_add_text(&text, "x,");
	assert_int_equal(cw_configobj_parse(text.data, text.length, "a", &config, NULL),
			 CW_E_INVALID);
}

/* What stands in the text at the place of "key" in SECTION is VALUE. */
static void
assert_place(const char *text, const char *section, const char *value)
{
	cw_auto_configobj struct cw_configobj *config = NULL;
	size_t offset = 0, length = 0;

	assert_int_equal(cw_configobj_parse(text, strlen(text), "it", &config, NULL), CW_OK);
	assert_true(cw_configobj_place(config, section, "key", &offset, &length));
	assert_int_equal(length, strlen(value));
	assert_memory_equal(text + offset, value, length);
	assert_false(cw_configobj_place(config, section, "other", &offset, &length));
	assert_false(cw_configobj_place(config, section, "list", &offset, &length));
}

static void
test_the_place_of_a_value_is_known(void **state)
{
	(void)state;
	assert_place("key = value", "", "value");
	assert_place("\xef\xbb\xbf# comment\r\nlist = a, b\r\n  key =  'a b'  # behind\r\n", "",
		     "'a b'");
	assert_place("a = \"\"\"of\ntwo lines\"\"\"\nkey = x\n[s]\nlist = ,\nkey = 2026\n[[t]]\n",
		     "s", "2026");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_are_read_as_configobj_does),
		cmocka_unit_test(test_scalars_are_quoted_as_configobj_does),
		cmocka_unit_test(test_the_place_of_a_value_is_known),
		cmocka_unit_test(test_lists_are_written_as_configobj_does),
		cmocka_unit_test(test_keys_are_quoted_where_needed),
		cmocka_unit_test(test_sections_and_comments_are_found),
		cmocka_unit_test(test_a_section_is_gone_through_in_order_without_those_beneath_it),
		cmocka_unit_test(test_changes_leave_other_lines_alone),
		cmocka_unit_test(test_line_ends_are_kept),
		cmocka_unit_test(test_comments_added_stand_above_what_follows),
		cmocka_unit_test(test_a_copy_can_be_changed_apart),
		cmocka_unit_test(test_errors_name_the_line),
		cmocka_unit_test(test_long_and_nasty_values_end_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
