#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/strv.h"
#include "scratch.h"
#include "store/rewrite.h"

#include <unistd.h>

static void
test_all_files_are_rewritten_keeping_their_modes(void **state)
{
	struct cw_rewrite *rewrite = cw_rewrite_new(scratch);
	cw_auto_strv struct cw_strv left = {0};

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		cw_autofree char *name = cw_format("%u.conf", i);

		scratch_write(name, "old", i % 2 == 0 ? 0666 : 0600);
		assert_int_equal(cw_rewrite_add(rewrite, name, "newer", 5, NULL), CW_OK);
		assert_true(scratch_says(name, "old"));
	}
	assert_int_equal(cw_rewrite_commit(rewrite, NULL), CW_OK);
	cw_rewrite_free(rewrite);
	for (unsigned i = 0; i < 20; i++) {
		cw_autofree char *name = cw_format("%u.conf", i);
		cw_autofree char *path = scratch_path(name);
		struct stat status;

		assert_true(scratch_says(name, "newer"));
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 07777, i % 2 == 0 ? 0666 : 0600);
	}
	assert_int_equal(cw_folder_list(scratch, false, &left, NULL), CW_OK);
	assert_int_equal(left.count, 20);
}

static void
test_what_an_earlier_run_left_is_replaced(void **state)
{
	struct cw_rewrite *rewrite = cw_rewrite_new(scratch);

	(void)state;
	scratch_write("a.conf", "old", 0600);
	scratch_write(".cw-a.conf.tmp", "left over, and longer", 0644);
	assert_int_equal(cw_rewrite_add(rewrite, "a.conf", "new", 3, NULL), CW_OK);
	assert_int_equal(cw_rewrite_commit(rewrite, NULL), CW_OK);
	cw_rewrite_free(rewrite);
	assert_true(scratch_says("a.conf", "new"));
	assert_int_equal(scratch_mode("a.conf"), 0600);
	assert_int_equal(scratch_count(""), 1);
}

static void
test_what_is_not_committed_leaves_nothing(void **state)
{
	struct cw_rewrite *rewrite = cw_rewrite_new(scratch);
	cw_auto_strv struct cw_strv left = {0};

	(void)state;
	scratch_write("a.conf", "old", 0600);
	assert_int_equal(cw_rewrite_add(rewrite, "a.conf", "new", 3, NULL), CW_OK);
	cw_rewrite_free(rewrite);
	assert_true(scratch_says("a.conf", "old"));
	assert_int_equal(cw_folder_list(scratch, false, &left, NULL), CW_OK);
	assert_int_equal(left.count, 1);
}

static void
test_links_and_absent_files_are_refused(void **state)
{
	struct cw_rewrite *rewrite = cw_rewrite_new(scratch);
	cw_autofree char *link = scratch_path("link.conf");

	(void)state;
	scratch_write("a.conf", "old", 0600);
	assert_int_equal(symlink("a.conf", link), 0);
	assert_int_equal(cw_rewrite_add(rewrite, "link.conf", "x", 1, NULL), CW_E_UNSUPPORTED);
	assert_int_equal(cw_rewrite_add(rewrite, "none.conf", "x", 1, NULL), CW_E_NOT_FOUND);
	assert_int_equal(cw_rewrite_commit(rewrite, NULL), CW_OK);
	cw_rewrite_free(rewrite);
	assert_true(scratch_says("a.conf", "old"));
}

static void
test_a_small_change_is_made_in_place(void **state)
{
	cw_autofree char *path = scratch_path("a.conf");
	char text[1200];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	scratch_write("a.conf", text, 0600);
	assert_true(cw_rewrite_in_place(path, 520, "xxx", "abc", 3));
	memcpy(text + 520, "abc", 3);
	assert_true(scratch_says("a.conf", text));
	/* Over the end of a sector. */
	assert_false(cw_rewrite_in_place(path, 1023, "xx", "yz", 2));
	/* The file is not what was thought. */
	assert_false(cw_rewrite_in_place(path, 520, "xxx", "yyy", 3));
	assert_false(cw_rewrite_in_place(path, 1198, "xx", "yz", 2));
	assert_true(scratch_says("a.conf", text));
}

static void
test_a_link_is_not_written_through(void **state)
{
	cw_autofree char *link = scratch_path("link.conf");

	(void)state;
	scratch_write("a.conf", "old", 0600);
	assert_int_equal(symlink("a.conf", link), 0);
	assert_false(cw_rewrite_in_place(link, 0, "old", "new", 3));
	assert_true(scratch_says("a.conf", "old"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_files_are_rewritten_keeping_their_modes,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_what_an_earlier_run_left_is_replaced,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_what_is_not_committed_leaves_nothing,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_a_small_change_is_made_in_place, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_a_link_is_not_written_through, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_links_and_absent_files_are_refused,
						scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
