#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

static const struct cw_file_mode public_mode = {
	.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1};
static const struct cw_file_mode private_mode = {
	.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};

static char *folder;

static int
make_folder(void **state)
{
	const char *parent = getenv("TMPDIR");

	(void)state;
	folder = cw_format("%s/cw-test-XXXXXX", parent == NULL ? "/tmp" : parent);
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
remove_folder(void **state)
{
	int status = cw_tree_remove(folder, NULL);

	(void)state;
	free(folder);
	return status;
}

static char *
in_folder(const char *name)
{
	return cw_format("%s/%s", folder, name);
}

static mode_t
mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode & 07777;
}

static void
assert_contents(const char *path, const char *expected)
{
	cw_auto_buf struct cw_buf buf = {0};

	assert_int_equal(cw_file_read(path, 1000, &buf, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&buf), expected);
}

static void
assert_names(const char *path, const char *expected)
{
	cw_auto_strv struct cw_strv names = {0};
	cw_autofree char *joined = NULL;

	assert_int_equal(cw_folder_list(path, false, &names, NULL), CW_OK);
	joined = cw_strv_join(&names, " ");
	assert_string_equal(joined, expected);
}

static void
test_a_written_file_has_its_mode_whatever_the_umask(void **state)
{
	cw_autofree char *path = in_folder("file");
	mode_t before = umask(0777);

	(void)state;
	assert_int_equal(cw_file_write(path, "one", 3, &public_mode, NULL), CW_OK);
	assert_int_equal(mode_of(path), 0644);
	umask(0);
	assert_int_equal(cw_file_write(path, "two", 3, &private_mode, NULL), CW_OK);
	umask(before);
	assert_int_equal(mode_of(path), 0600);
	assert_contents(path, "two");
	assert_names(folder, "file");
}

static void
test_a_write_replaces_a_link_and_not_its_target(void **state)
{
	cw_autofree char *path = in_folder("link"), *target = in_folder("target");
	cw_autofree char *read = NULL;

	(void)state;
	assert_int_equal(cw_file_write(target, "old", 3, &public_mode, NULL), CW_OK);
	assert_int_equal(cw_file_symlink("gone", path, NULL), CW_OK);
	assert_int_equal(cw_file_symlink("target", path, NULL), CW_OK);
	assert_int_equal(cw_file_readlink(path, &read, NULL), CW_OK);
	assert_string_equal(read, "target");
	assert_int_equal(cw_file_write(path, "new", 3, &public_mode, NULL), CW_OK);
	assert_contents(target, "old");
	assert_contents(path, "new");
}

static void
test_an_exclusive_write_leaves_what_exists(void **state)
{
	struct cw_file_mode mode = {.mode = 0400, (uid_t)-1, (gid_t)-1, .exclusive = true};
	cw_autofree char *path = in_folder("file");
	cw_auto_error struct cw_error error = {0};

	(void)state;
	assert_int_equal(cw_file_write(path, "one", 3, &mode, &error), CW_OK);
	assert_int_equal(cw_file_write(path, "two", 3, &mode, &error), CW_E_EXISTS);
	assert_non_null(strstr(error.message, path));
	assert_contents(path, "one");
	assert_int_equal(mode_of(path), 0400);
	assert_names(folder, "file");
}

static void
test_a_failed_write_leaves_the_old_file_and_nothing_else(void **state)
{
	cw_autofree char *path = in_folder("file"), *data = cw_alloc(100000);
	cw_auto_error struct cw_error error = {0};
	struct rlimit before, small;

	(void)state;
	assert_int_equal(cw_file_write(path, "old", 3, &public_mode, NULL), CW_OK);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 5000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(cw_file_write(path, data, 100000, &public_mode, &error), CW_E_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_non_null(strstr(error.message, path));
	assert_non_null(strstr(error.message, strerror(EFBIG)));
	assert_contents(path, "old");
	assert_names(folder, "file");
}

static void
test_the_temporary_goes_when_the_name_is_taken_by_a_folder(void **state)
{
	cw_autofree char *path = in_folder("taken");

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(cw_file_write(path, "x", 1, &public_mode, NULL), CW_E_INVALID);
	assert_int_equal(cw_file_symlink("x", path, NULL), CW_E_INVALID);
	assert_int_equal(cw_file_write("/", "x", 1, &public_mode, NULL), CW_E_INVALID);
	assert_names(folder, "taken");
	assert_names(path, "");
}

static void
test_a_forbidden_write_says_what_to_do(void **state)
{
	cw_autofree char *path = in_folder("file");
	cw_auto_error struct cw_error error = {0};
	bool root = geteuid() == 0;

	(void)state;
	assert_int_equal(chmod(folder, 0500), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	cw_file_write(path, "x", 1, &public_mode, &error);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(folder, 0700), 0);
	assert_int_equal(error.status, CW_E_PERMISSION);
	assert_non_null(strstr(error.message, "Permission denied"));
	assert_non_null(strstr(error.hint, "run this as root"));
	assert_non_null(strstr(error.hint, "--config-dir"));
}

static void
test_read_is_bounded_and_for_regular_files(void **state)
{
	cw_autofree char *path = in_folder("file"), *pipe_path = in_folder("pipe");
	cw_auto_buf struct cw_buf buf = {0};
	cw_auto_error struct cw_error error = {0};

	(void)state;
	cw_buf_add_text(&buf, "before ");
	assert_int_equal(cw_file_write(path, "0123456789", 10, &public_mode, NULL), CW_OK);
	assert_int_equal(cw_file_read(path, 9, &buf, &error), CW_E_INVALID);
	assert_string_equal(cw_buf_text(&buf), "before ");
	assert_int_equal(cw_file_read(path, 10, &buf, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&buf), "before 0123456789");
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	assert_int_equal(cw_file_read(pipe_path, 10, &buf, NULL), CW_E_INVALID);
	assert_int_equal(cw_file_read(folder, 10, &buf, NULL), CW_E_INVALID);
	assert_int_equal(cw_file_read("/nonexistent/x", 10, &buf, NULL), CW_E_NOT_FOUND);
	/* Says that it is empty, and is not. */
	assert_int_equal(cw_file_read("/proc/self/status", 3, &buf, NULL), CW_E_INVALID);
	cw_buf_clear(&buf);
	assert_int_equal(cw_file_read("/proc/self/status", SIZE_MAX, &buf, NULL), CW_OK);
	assert_true(buf.length > 100);
	assert_int_equal(cw_file_read("/proc/self/status", 100, &buf, NULL), CW_E_INVALID);
}

static void
test_folders_are_made_with_their_parents(void **state)
{
	cw_autofree char *path = in_folder("a//b/./c/"), *parent = in_folder("a/b");
	cw_autofree char *file = in_folder("a/file"), *below = in_folder("a/file/x");
	cw_auto_error struct cw_error error = {0};
	mode_t before = umask(0777);

	(void)state;
	assert_int_equal(cw_folder_make(path, 0700, NULL), CW_OK);
	assert_int_equal(mode_of(parent), 0755);
	umask(before);
	assert_int_equal(mode_of(path), 0700);
	assert_int_equal(cw_folder_make(path, 0755, NULL), CW_OK);
	assert_int_equal(mode_of(path), 0700);
	assert_int_equal(cw_folder_make("/", 0755, NULL), CW_OK);
	assert_int_equal(cw_file_write(file, "", 0, &public_mode, NULL), CW_OK);
	assert_int_equal(cw_folder_make(file, 0755, &error), CW_E_INVALID);
	assert_int_equal(cw_folder_make(below, 0755, &error), CW_E_INVALID);
	assert_non_null(strstr(error.message, file));
	assert_int_equal(cw_folder_make("", 0755, &error), CW_E_NOT_FOUND);
}

static void
test_a_made_folder_inherits_the_group_bit(void **state)
{
	cw_autofree char *path = in_folder("new");

	(void)state;
	assert_int_equal(chmod(folder, 02700), 0);
	if ((mode_of(folder) & S_ISGID) == 0)
		skip();
	assert_int_equal(cw_folder_make(path, 0711, NULL), CW_OK);
	assert_int_equal(mode_of(path), 02711);
}

static void
test_a_missing_folder_is_empty_where_that_is_fine(void **state)
{
	cw_auto_strv struct cw_strv names = {0};

	(void)state;
	cw_strv_add(&names, "zzz");
	assert_int_equal(cw_folder_list("/nonexistent", true, &names, NULL), CW_OK);
	assert_int_equal(names.count, 1);
	assert_int_equal(cw_folder_list("/nonexistent", false, &names, NULL), CW_E_NOT_FOUND);
	assert_int_equal(cw_folder_sync("/nonexistent", NULL), CW_E_NOT_FOUND);
	assert_int_equal(cw_folder_sync(folder, NULL), CW_OK);
}

static void
test_removing_a_tree_does_not_follow_links(void **state)
{
	cw_autofree char *tree = in_folder("tree"), *deep = in_folder("tree/x/y/z");
	cw_autofree char *file = in_folder("tree/x/file"), *kept = in_folder("kept");
	cw_autofree char *kept_file = in_folder("kept/file"), *link = in_folder("tree/x/link");
	cw_autofree char *top_link = in_folder("top-link");

	(void)state;
	assert_int_equal(cw_folder_make(deep, 0755, NULL), CW_OK);
	assert_int_equal(cw_folder_make(kept, 0755, NULL), CW_OK);
	assert_int_equal(cw_file_write(file, "x", 1, &public_mode, NULL), CW_OK);
	assert_int_equal(cw_file_write(kept_file, "x", 1, &public_mode, NULL), CW_OK);
	assert_int_equal(cw_file_symlink(kept, link, NULL), CW_OK);
	assert_int_equal(cw_file_symlink(kept, top_link, NULL), CW_OK);
	assert_true(cw_is_folder(top_link));
	assert_int_equal(cw_tree_remove(tree, NULL), CW_OK);
	assert_int_equal(cw_tree_remove(tree, NULL), CW_OK);
	assert_int_equal(cw_tree_remove(top_link, NULL), CW_OK);
	assert_false(cw_file_exists(tree));
	assert_false(cw_file_exists(top_link));
	assert_contents(kept_file, "x");
	assert_int_equal(cw_tree_remove("/", NULL), CW_E_INVALID);
	assert_int_equal(cw_tree_remove("", NULL), CW_E_INVALID);
	assert_int_equal(cw_tree_remove("x/..", NULL), CW_E_INVALID);
}

static void
test_paths_are_taken_apart_as_text(void **state)
{
	static const char *const cases[][3] = {
		{"/a/b", "b", "/a"}, {"a", "a", "."},    {"/a", "a", "/"},  {"/", "", "/"},
		{"a/", "", "a"},     {"a//b", "b", "a"}, {"//b", "b", "/"}, {"", "", "."},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_autofree char *parent = cw_path_folder(cases[i][0]);

		assert_string_equal(cw_path_base(cases[i][0]), cases[i][1]);
		assert_string_equal(parent, cases[i][2]);
	}
}

static void
test_relative_paths_become_absolute(void **state)
{
	static const char *const cases[][2] = {
		{"/", "/"},
		{"//./", "/"},
		{"/a/./b//c/", "/a/b/c"},
		{"/a/../b", "/a/../b"},
		{"/.hidden/.", "/.hidden"},
	};
	cw_autofree char *here = getcwd(NULL, 0), *expected = cw_format("%s/x/..y", here);
	cw_autofree char *absolute = cw_path_absolute("./x//..y"), *dot = cw_path_absolute(".");

	(void)state;
	assert_string_equal(absolute, expected);
	assert_string_equal(dot, here);
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_autofree char *path = cw_path_absolute(cases[i][0]);

		assert_string_equal(path, cases[i][1]);
	}
}

#define in_a_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_a_folder(test_a_written_file_has_its_mode_whatever_the_umask),
		in_a_folder(test_a_write_replaces_a_link_and_not_its_target),
		in_a_folder(test_an_exclusive_write_leaves_what_exists),
		in_a_folder(test_a_failed_write_leaves_the_old_file_and_nothing_else),
		in_a_folder(test_the_temporary_goes_when_the_name_is_taken_by_a_folder),
		in_a_folder(test_a_forbidden_write_says_what_to_do),
		in_a_folder(test_read_is_bounded_and_for_regular_files),
		in_a_folder(test_folders_are_made_with_their_parents),
		in_a_folder(test_a_made_folder_inherits_the_group_bit),
		in_a_folder(test_a_missing_folder_is_empty_where_that_is_fine),
		in_a_folder(test_removing_a_tree_does_not_follow_links),
		cmocka_unit_test(test_paths_are_taken_apart_as_text),
		cmocka_unit_test(test_relative_paths_become_absolute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
