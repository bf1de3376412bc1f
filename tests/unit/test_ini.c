#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "cli/ini.h"

#include <fcntl.h>
#include <unistd.h>

static struct cw_ini ini;

static int
end(void **state)
{
	cw_ini_clear(&ini);
	return scratch_remove(state);
}

static int
read_text(const char *text, struct cw_error *error)
{
	cw_autofree char *path = scratch_path("cli.ini");

	scratch_write("cli.ini", text, 0600);
	cw_ini_clear(&ini);
	return cw_ini_read(&ini, path, false, error);
}

/* Reads LINE, which must be one entry. */
static void
is_entry(const char *line, const char *key, bool list, const char *values)
{
	cw_autofree char *joined = NULL;

	assert_int_equal(read_text(line, NULL), CW_OK);
	assert_int_equal(ini.count, 1);
	assert_string_equal(ini.entries[0].key, key);
	assert_int_equal(ini.entries[0].list, list);
	joined = cw_strv_join(&ini.entries[0].values, "|");
	assert_string_equal(joined, values);
}

static void
test_keys_and_values_are_read_in_all_spellings(void **state)
{
	(void)state;
	is_entry("a = 1", "a", false, "1");
	is_entry("  a=1  ", "a", false, "1");
	is_entry("a: 1\n", "a", false, "1");
	is_entry("a\t=\t1\r\n", "a", false, "1");
	is_entry("a 1 2", "a", false, "1 2");
	is_entry("a:b=c", "a", false, "b=c");
	is_entry("a==b", "a", false, "=b");
	is_entry("server = https://x.test/dir", "server", false, "https://x.test/dir");
	is_entry("a =", "a", false, "");
	is_entry("a", "a", false, "true");
	is_entry("a # comment", "a", false, "true");
	is_entry("--a = 3", "--a", false, "3");
	is_entry("\xef\xbb\xbf"
		 "a = 1",
		 "a", false, "1");
}

static void
test_comments_end_values(void **state)
{
	(void)state;
	is_entry("a = 1 # c", "a", false, "1");
	is_entry("a = 1 ; c", "a", false, "1");
	is_entry("a = x#y;z", "a", false, "x#y;z");
	is_entry("a = \"x # y\" # c", "a", false, "x # y");
	is_entry("a = {\"x\": \"/y\"}", "a", false, "{\"x\": \"/y\"}");
}

static void
test_quotation_marks_are_taken_off(void **state)
{
	(void)state;
	is_entry("a = \"x y\"", "a", false, "x y");
	is_entry("a = 'x y'", "a", false, "x y");
	is_entry("a = \"\"", "a", false, "");
	is_entry("a = 'it''s'", "a", false, "it''s");
	is_entry("a = \"x\" y", "a", false, "\"x\" y");
	is_entry("a = 'x", "a", false, "'x");
}

static void
test_lists_are_in_brackets(void **state)
{
	(void)state;
	is_entry("a = [x, y]", "a", true, "x|y");
	is_entry("a: [x,y] # c", "a", true, "x|y");
	is_entry("a = [\"x, y\", z,]", "a", true, "x, y|z");
	is_entry("a = []", "a", true, "");
	is_entry("a = [x", "a", false, "[x");
}

static void
test_comments_sections_and_rules_are_left_out(void **state)
{
	(void)state;
	assert_int_equal(read_text("# c\n ; d\n\n[section] # x\n---\n\na = 1\n  b = 2\n", NULL),
			 CW_OK);
	assert_int_equal(ini.count, 2);
	assert_int_equal(ini.entries[0].line, 7);
	assert_string_equal(ini.entries[1].key, "b");
	assert_int_equal(ini.entries[1].line, 8);
}

static void
test_a_line_without_key_is_named(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *line = NULL;

	(void)state;
	assert_int_equal(read_text("a = 1\n= 3\n", &error), CW_E_INVALID);
	line = cw_error_line(&error);
	assert_non_null(strstr(line, "/cli.ini\", line 2"));
	assert_non_null(cw_error_hint(&error));
}

static void
test_a_nul_character_is_refused(void **state)
{
	static const char text[] = "a = 1\0b = 2\n";
	const struct cw_file_mode how = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *path = scratch_path("cli.ini");

	(void)state;
	assert_int_equal(cw_file_write(path, text, sizeof(text) - 1, &how, NULL), CW_OK);
	assert_int_equal(cw_ini_read(&ini, path, false, NULL), CW_E_INVALID);
}

static void
test_a_missing_file_is_an_error_only_where_it_was_named(void **state)
{
	cw_autofree char *path = scratch_path("none.ini");

	(void)state;
	assert_int_equal(cw_ini_read(&ini, path, true, NULL), CW_OK);
	assert_int_equal(ini.count, 0);
	assert_int_equal(cw_ini_read(&ini, path, false, NULL), CW_E_NOT_FOUND);
}

static void
test_a_folder_is_no_configuration_file(void **state)
{
	(void)state;
	assert_int_equal(cw_ini_read(&ini, scratch, false, NULL), CW_E_INVALID);
}

static void
test_the_null_device_and_pipes_can_be_read(void **state)
{
	static const char text[] = "a = 1\n";
	cw_autofree char *path = NULL;
	int ends[2];

	(void)state;
	assert_int_equal(cw_ini_read(&ini, "/dev/null", false, NULL), CW_OK);
	assert_int_equal(ini.count, 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, sizeof(text) - 1), sizeof(text) - 1);
	close(ends[1]);
	path = cw_format("/dev/fd/%d", ends[0]);
	assert_int_equal(cw_ini_read(&ini, path, false, NULL), CW_OK);
	close(ends[0]);
	assert_int_equal(ini.count, 1);
}

static void
test_a_file_that_is_too_long_is_refused(void **state)
{
	cw_autofree char *path = scratch_path("long.ini");
	cw_autoclose int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(ftruncate(descriptor, 64 << 20), 0);
	assert_int_equal(cw_ini_read(&ini, path, false, NULL), CW_E_INVALID);
	assert_int_equal(cw_ini_read(&ini, "/dev/zero", false, NULL), CW_E_INVALID);
}

static void
test_default_files_are_the_systems_then_the_users(void **state)
{
	cw_auto_strv struct cw_strv paths = {0}, fallback = {0};

	(void)state;
	setenv("XDG_CONFIG_HOME", "/x", 1);
	cw_ini_default_paths(&paths);
	assert_int_equal(paths.count, 2);
	assert_string_equal(paths.items[0], "/etc/letsencrypt/cli.ini");
	assert_string_equal(paths.items[1], "/x/letsencrypt/cli.ini");
	setenv("XDG_CONFIG_HOME", "", 1);
	setenv("HOME", "/home/u", 1);
	cw_ini_default_paths(&fallback);
	assert_string_equal(fallback.items[1], "/home/u/.config/letsencrypt/cli.ini");
	unsetenv("XDG_CONFIG_HOME");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_keys_and_values_are_read_in_all_spellings),
		TEST(test_comments_end_values),
		TEST(test_quotation_marks_are_taken_off),
		TEST(test_lists_are_in_brackets),
		TEST(test_comments_sections_and_rules_are_left_out),
		TEST(test_a_line_without_key_is_named),
		TEST(test_a_nul_character_is_refused),
		TEST(test_a_missing_file_is_an_error_only_where_it_was_named),
		TEST(test_a_folder_is_no_configuration_file),
		TEST(test_the_null_device_and_pipes_can_be_read),
		TEST(test_a_file_that_is_too_long_is_refused),
		TEST(test_default_files_are_the_systems_then_the_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
