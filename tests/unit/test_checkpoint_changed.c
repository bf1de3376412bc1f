/* What a revert and a rollback do where somebody else changed the files since. */
#include "store/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

#include "checkpoint_fixture.h"

/* As kill -9 within a write(2) leaves it. */
static void
overwrite(const char *name, const char *text)
{
	cw_autofree char *path = scratch_path(name);
	FILE *file = fopen(path, "r+");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(truncate(path, (off_t)strlen(text)), 0);
}

static void
test_half_of_an_edit_in_place_is_not_taken_for_somebody_elses(void **state)
{
	cw_autofree char *path = scratch_path("etc/long.conf");
	cw_autofree char *other = scratch_path("etc/other.conf");

	(void)state;
	scratch_write("etc/long.conf", "aaaa\nbbbb\ncccc\n", 0644);
	assert_int_equal(link(path, other), 0);
	edit("etc/long.conf", "AAAA\nBBBB\nCCCC\nDDDD\n");
	overwrite("etc/long.conf", "AAAA\nBBbb\ncccc\n");
	revert();
	assert_true(scratch_says("etc/other.conf", "aaaa\nbbbb\ncccc\n"));
	edit("etc/long.conf", "AAAA\nBBBB\nCCCC\nDDDD\n");
	overwrite("etc/long.conf", "aaaa\nbBBB\nCCCC\nDDDD\n");
	revert();
	assert_true(scratch_says("etc/other.conf", "aaaa\nbbbb\ncccc\n"));
	assert_false(scratch_has("work/unreverted"));
}

static void
test_edit_of_what_changed_meanwhile_is_refused_without_a_trace(void **state)
{
	(void)state;
	assert_int_equal(try_write(checkpoints, "etc/site.conf", "new", "something else"),
			 CW_E_BUSY);
	assert_int_equal(try_write(checkpoints, "etc/missing", "new", ""), CW_E_BUSY);
	assert_true(scratch_says("etc/site.conf", "old\n"));
	assert_false(scratch_has("etc/missing"));
	assert_false(scratch_has(PROGRESS));
	assert_int_equal(try_write(checkpoints, "etc/site.conf", "new", "old\n"), CW_OK);
}

/* What somebody else makes of a file. */
static void
change(const char *name, const char *text)
{
	scratch_write(name, text, 0640);
}

static bool
kept(const char *text)
{
	cw_autofree char *folder = scratch_path("work/unreverted");
	cw_auto_strv struct cw_strv names = {0};

	assert_int_equal(cw_folder_list(folder, true, &names, NULL), CW_OK);
	for (size_t i = 0; i < names.count; i++) {
		cw_autofree char *name = cw_format("work/unreverted/%s", names.items[i]);

		if (scratch_says(name, text))
			return true;
	}
	return false;
}

static void
test_lines_that_somebody_else_adds_meanwhile_outlive_a_revert(void **state)
{
	(void)state;
	edit("etc/site.conf", "ours\nold\n");
	change("etc/site.conf", "ours\nold\ntheirs\n");
	revert();
	assert_true(scratch_says("etc/site.conf", "old\ntheirs\n"));
	edit("etc/site.conf", "old\ntheirs\nours\n");
	edit("etc/site.conf", "old\ntheirs\nours\nand more\n");
	change("etc/site.conf", "# theirs\nold\ntheirs\nours\nand more\n");
	assert_true(recover());
	assert_true(scratch_says("etc/site.conf", "# theirs\nold\ntheirs\n"));
	assert_false(scratch_has("work/unreverted"));
}

static void
test_file_that_somebody_else_rewrote_meanwhile_stays_and_its_copy_is_kept(void **state)
{
	cw_autofree char *path = scratch_path("etc/gone.conf");

	(void)state;
	scratch_write("etc/gone.conf", "was here\n", 0644);
	scratch_write("etc/removed.conf", "removed by them\n", 0644);
	edit("etc/site.conf", "ours\n");
	edit("etc/removed.conf", "ours\n");
	assert_int_equal(cw_checkpoints_remove(checkpoints, path, NULL), CW_OK);
	change("etc/site.conf", "theirs\n");
	change("etc/gone.conf", "made by them\n");
	free(cw_take(&path));
	path = scratch_path("etc/removed.conf");
	assert_int_equal(unlink(path), 0);
	revert();
	assert_true(scratch_says("etc/site.conf", "theirs\n"));
	assert_true(scratch_says("etc/gone.conf", "made by them\n"));
	assert_false(scratch_has("etc/removed.conf"));
	assert_true(kept("old\n"));
	assert_true(kept("was here\n"));
	assert_true(kept("removed by them\n"));
}

static void
test_created_file_that_somebody_else_changed_stays(void **state)
{
	(void)state;
	edit("etc/created.conf", "ours\n");
	edit("etc/other.conf", "ours\n");
	change("etc/created.conf", "ours\ntheirs\n");
	revert();
	assert_true(scratch_says("etc/created.conf", "ours\ntheirs\n"));
	assert_false(scratch_has("etc/other.conf"));
}

static void
test_rollback_of_what_somebody_else_rewrote_is_refused_before_anything_is_done(void **state)
{
	cw_auto_error struct cw_error error = {0};

	(void)state;
	scratch_write("etc/other.conf", "other\n", 0644);
	edit("etc/site.conf", "ours\n");
	edit("etc/other.conf", "other\nours\n");
	assert_int_equal(cw_checkpoints_commit(checkpoints, "title", NULL), CW_OK);
	change("etc/site.conf", "theirs\n");
	assert_int_equal(cw_checkpoints_rollback(work, config, 1, &error), CW_E_BUSY);
	assert_non_null(strstr(cw_error_hint(&error), "/site.conf_0\""));
	assert_true(scratch_says("etc/site.conf", "theirs\n"));
	assert_true(scratch_says("etc/other.conf", "other\nours\n"));
	assert_int_equal(scratch_count(BACKUPS), 1);
	/* Once somebody has put it back, or left only what is not ours. */
	change("etc/site.conf", "old\n");
	change("etc/other.conf", "other\nours\ntheirs\n");
	assert_int_equal(cw_checkpoints_rollback(work, config, 1, NULL), CW_OK);
	assert_true(scratch_says("etc/site.conf", "old\n"));
	assert_true(scratch_says("etc/other.conf", "other\ntheirs\n"));
	assert_int_equal(scratch_count(BACKUPS), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_half_of_an_edit_in_place_is_not_taken_for_somebody_elses),
		TEST(test_edit_of_what_changed_meanwhile_is_refused_without_a_trace),
		TEST(test_lines_that_somebody_else_adds_meanwhile_outlive_a_revert),
		TEST(test_file_that_somebody_else_rewrote_meanwhile_stays_and_its_copy_is_kept),
		TEST(test_created_file_that_somebody_else_changed_stays),
		TEST(test_rollback_of_what_somebody_else_rewrote_is_refused_before_anything_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
