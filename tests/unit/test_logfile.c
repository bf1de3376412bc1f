#include "base/log.h"
#include "store/logfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

#include "scratch.h"

static bool
contains(const char *name, const char *text)
{
	cw_auto_buf struct cw_buf data = {0};
	cw_autofree char *path = scratch_path(name);

	assert_int_equal(cw_file_read(path, 1 << 20, &data, NULL), CW_OK);
	return strstr(cw_buf_text(&data), text) != NULL;
}

static void
run_that_logs(const char *text, unsigned backups)
{
	assert_int_equal(cw_logfile_open(scratch, backups, NULL), CW_OK);
	cw_log_info("%s", text);
}

static void
test_log_gets_the_lines_and_is_for_its_owner_only(void **state)
{
	mode_t mask = umask(0);

	(void)state;
	run_that_logs("first run", 10);
	umask(mask);
	assert_true(contains("letsencrypt.log", "first run"));
	assert_int_equal(scratch_mode("letsencrypt.log"), 0600);
}

static void
test_each_run_rotates_and_the_oldest_goes(void **state)
{
	(void)state;
	run_that_logs("run a", 2);
	run_that_logs("run b", 2);
	run_that_logs("run c", 2);
	run_that_logs("run d", 2);
	assert_true(contains("letsencrypt.log", "run d"));
	assert_false(contains("letsencrypt.log", "run c"));
	assert_true(contains("letsencrypt.log.1", "run c"));
	assert_true(contains("letsencrypt.log.2", "run b"));
	assert_int_equal(scratch_count("."), 3);
}

static void
test_only_files_up_to_the_first_gap_move(void **state)
{
	(void)state;
	scratch_write("letsencrypt.log", "zero", 0600);
	scratch_write("letsencrypt.log.1", "one", 0600);
	scratch_write("letsencrypt.log.3", "three", 0600);
	run_that_logs("new", 1000);
	assert_true(scratch_says("letsencrypt.log.1", "zero"));
	assert_true(scratch_says("letsencrypt.log.2", "one"));
	assert_true(scratch_says("letsencrypt.log.3", "three"));
	assert_false(scratch_has("letsencrypt.log.4"));
}

static void
test_without_backups_the_log_is_appended_to(void **state)
{
	(void)state;
	run_that_logs("run a", 0);
	run_that_logs("run b", 0);
	assert_true(contains("letsencrypt.log", "run a"));
	assert_true(contains("letsencrypt.log", "run b"));
	assert_int_equal(scratch_count("."), 1);
}

static void
test_empty_log_is_not_rotated(void **state)
{
	(void)state;
	scratch_write("letsencrypt.log", "", 0600);
	run_that_logs("new", 10);
	assert_int_equal(scratch_count("."), 1);
}

static void
test_missing_folder_is_named_with_its_option(void **state)
{
	cw_autofree char *missing = scratch_path("missing");
	cw_auto_error struct cw_error error = {0};

	(void)state;
	assert_int_equal(cw_logfile_open(missing, 10, &error), CW_E_NOT_FOUND);
	assert_non_null(strstr(error.message, missing));
	assert_non_null(strstr(cw_error_hint(&error), "--logs-dir"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_log_gets_the_lines_and_is_for_its_owner_only),
		TEST(test_each_run_rotates_and_the_oldest_goes),
		TEST(test_only_files_up_to_the_first_gap_move),
		TEST(test_without_backups_the_log_is_appended_to),
		TEST(test_empty_log_is_not_rotated),
		TEST(test_missing_folder_is_named_with_its_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
