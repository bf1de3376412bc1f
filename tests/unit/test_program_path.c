#include "base/program_path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "process_fixture.h"

/* What cw_program_path() returns with PATH set to VALUE (NULL: unset). */
static char *
path_with(const char *value)
{
	cw_autofree char *before = cw_strdup(getenv("PATH"));
	char *path;

	if (value != NULL)
		setenv("PATH", value, 1);
	else
		unsetenv("PATH");
	path = cw_program_path();
	if (before != NULL)
		setenv("PATH", before, 1);
	return path;
}

static void
assert_path(const char *value, const char *expected)
{
	cw_autofree char *path = path_with(value);

	assert_string_equal(path, expected);
}

static void
test_missing_folders_are_appended(void **state)
{
	(void)state;
	assert_path("/usr/bin:/bin",
		    "/usr/bin:/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin");
	assert_path("/sbin:/own:/usr/local/bin",
		    "/sbin:/own:/usr/local/bin:/usr/local/sbin:/usr/sbin");
	assert_path("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	assert_path("/usr/sbinary::/bin",
		    "/usr/sbinary::/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin");
}

static void
test_without_path_the_default_is_used(void **state)
{
	static const char all[] = "/usr/bin:/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin";

	(void)state;
	assert_path(NULL, all);
	assert_path("", all);
}

/* A program that every Debian has in /sbin only. */
static int
run_with_short_path(const char *const *argv, const char *const *environment)
{
	cw_autofree char *before = cw_strdup(getenv("PATH"));
	cw_auto_process struct cw_process process = {.argv = argv, .environment = environment};
	int status;

	if (access("/sbin/ldconfig", X_OK) != 0)
		skip();
	setenv("PATH", "/usr/bin:/bin", 1);
	status = cw_process_run_one(&process, NULL);
	if (status == CW_OK) {
		cw_autofree char *found = cw_program_find("ldconfig");

		assert_non_null(found);
	}
	if (before != NULL)
		setenv("PATH", before, 1);
	return status;
}

static void
test_a_program_in_sbin_runs_when_path_lacks_it(void **state)
{
	(void)state;
	assert_int_equal(
		run_with_short_path((const char *const[]){"ldconfig", "--version", NULL}, NULL),
		CW_OK);
}

static void
test_what_a_program_runs_is_found_in_sbin_too(void **state)
{
	(void)state;
	assert_int_equal(run_with_short_path(SHELL("ldconfig --version && test \"$PATH\" = "
						   "/usr/bin:/bin:/usr/local/sbin:"
						   "/usr/local/bin:/usr/sbin:/sbin"),
					     NULL),
			 CW_OK);
}

static void
test_a_path_that_is_asked_for_is_left_alone(void **state)
{
	static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};

	(void)state;
	assert_int_equal(run_with_short_path(SHELL("test \"$PATH\" = /usr/bin:/bin"), environment),
			 CW_OK);
	assert_int_equal(
		run_with_short_path((const char *const[]){"ldconfig", "-p", NULL}, environment),
		CW_E_NOT_FOUND);
}

static void
test_only_executable_files_are_programs(void **state)
{
	cw_autofree char *program = write_script("program", "#!/bin/sh\n", 0755);
	cw_autofree char *text = write_script("text", "words\n", 0644);
	cw_autofree char *folder = scratch_path("folder.d");

	(void)state;
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_true(cw_is_executable_file(program));
	assert_false(cw_is_executable_file(text));
	assert_false(cw_is_executable_file(folder));
	assert_null(cw_program_find("no-such-program-here"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing_folders_are_appended),
		cmocka_unit_test(test_without_path_the_default_is_used),
		cmocka_unit_test(test_a_program_in_sbin_runs_when_path_lacks_it),
		cmocka_unit_test(test_what_a_program_runs_is_found_in_sbin_too),
		cmocka_unit_test(test_a_path_that_is_asked_for_is_left_alone),
		cmocka_unit_test(test_only_executable_files_are_programs),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
