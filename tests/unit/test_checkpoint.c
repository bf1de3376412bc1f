#include "store/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/xattr.h>
#include <unistd.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

#include "checkpoint_fixture.h"

static void
test_reverted_edit_restores_bytes_and_mode(void **state)
{
	(void)state;
	edit("etc/site.conf", "new\n");
	assert_int_equal(scratch_mode("etc/site.conf"), 0640);
	assert_true(lists(PROGRESS "/FILEPATHS", "etc/site.conf"));
	assert_true(scratch_says(PROGRESS "/site.conf_0", "old\n"));
	assert_int_equal(scratch_mode(PROGRESS "/site.conf_0"), 0640);
	edit("etc/site.conf", "newer\n");
	assert_true(lists(PROGRESS "/FILEPATHS", "etc/site.conf"));
	revert();
	assert_true(scratch_says("etc/site.conf", "old\n"));
	assert_int_equal(scratch_mode("etc/site.conf"), 0640);
	assert_int_equal(scratch_count("etc"), 1);
}

static void
test_created_file_goes_when_reverted(void **state)
{
	mode_t mask = umask(077);

	(void)state;
	edit("etc/created.conf", "text");
	umask(mask);
	assert_int_equal(scratch_mode("etc/created.conf"), 0644);
	assert_true(lists(PROGRESS "/NEW_FILES", "etc/created.conf"));
	edit("etc/created.conf", "more");
	assert_false(scratch_has(PROGRESS "/FILEPATHS"));
	revert();
	assert_false(scratch_has("etc/created.conf"));
}

static void
test_removed_file_comes_back_when_reverted(void **state)
{
	cw_autofree char *path = scratch_path("etc/site.conf");

	(void)state;
	assert_int_equal(cw_checkpoints_remove(checkpoints, path, NULL), CW_OK);
	assert_false(scratch_has("etc/site.conf"));
	edit("etc/site.conf", "made again");
	assert_int_equal(cw_checkpoints_remove(checkpoints, path, NULL), CW_OK);
	assert_int_equal(cw_checkpoints_remove(checkpoints, path, NULL), CW_E_NOT_FOUND);
	revert();
	assert_true(scratch_says("etc/site.conf", "old\n"));
	assert_int_equal(scratch_mode("etc/site.conf"), 0640);
}

static void
test_removed_link_comes_back_as_a_link(void **state)
{
	cw_autofree char *path = scratch_path("etc/enabled");
	cw_autofree char *target = NULL;

	(void)state;
	assert_int_equal(symlink("site.conf", path), 0);
	assert_int_equal(cw_checkpoints_remove(checkpoints, path, NULL), CW_OK);
	assert_false(scratch_has("etc/enabled"));
	assert_true(scratch_says("etc/site.conf", "old\n"));
	revert();
	assert_int_equal(cw_file_readlink(path, &target, NULL), CW_OK);
	assert_string_equal(target, "site.conf");
}

static void
test_edit_through_a_link_changes_the_file_behind_it(void **state)
{
	cw_autofree char *path = scratch_path("etc/enabled");
	cw_autofree char *dangling = scratch_path("etc/dangling");
	cw_autofree char *target = NULL;

	(void)state;
	assert_int_equal(symlink("site.conf", path), 0);
	assert_int_equal(symlink("../etc/later", dangling), 0);
	edit("etc/enabled", "new\n");
	edit("etc/site.conf", "newer\n");
	edit("etc/dangling", "made\n");
	assert_true(scratch_says("etc/later", "made\n"));
	assert_int_equal(cw_file_readlink(path, &target, NULL), CW_OK);
	assert_true(lists(PROGRESS "/FILEPATHS", "etc/site.conf"));
	revert();
	assert_true(scratch_says("etc/enabled", "old\n"));
	assert_true(scratch_has("etc/dangling"));
	assert_false(scratch_has("etc/later"));
}

static void
test_hard_link_stays_one_file(void **state)
{
	cw_autofree char *path = scratch_path("etc/site.conf");
	cw_autofree char *other = scratch_path("etc/other.conf");

	(void)state;
	assert_int_equal(link(path, other), 0);
	edit("etc/site.conf", "a longer text than the old one\n");
	assert_true(scratch_says("etc/other.conf", "a longer text than the old one\n"));
	edit("etc/other.conf", "x");
	assert_true(scratch_says("etc/site.conf", "x"));
	revert();
	assert_true(scratch_says("etc/site.conf", "old\n"));
	assert_true(scratch_says("etc/other.conf", "old\n"));
}

static void
test_owner_and_attributes_are_kept(void **state)
{
	cw_autofree char *path = scratch_path("etc/site.conf");
	char value[8] = "";
	struct stat status;
	bool root = geteuid() == 0;

	(void)state;
	if (setxattr(path, "user.note", "keep", 4, 0) != 0)
		skip();
	if (root)
		assert_int_equal(chown(path, 12, 34), 0);
	edit("etc/site.conf", "new\n");
	assert_int_equal(getxattr(path, "user.note", value, sizeof(value)), 4);
	assert_int_equal(stat(path, &status), 0);
	assert_true(!root || (status.st_uid == 12 && status.st_gid == 34));
	assert_int_equal(cw_checkpoints_remove(checkpoints, path, NULL), CW_OK);
	revert();
	assert_int_equal(getxattr(path, "user.note", value, sizeof(value)), 4);
	assert_int_equal(stat(path, &status), 0);
	assert_true(!root || (status.st_uid == 12 && status.st_gid == 34));
	assert_int_equal(status.st_mode & 07777, 0640);
}

static void
test_writing_what_is_there_is_no_edit(void **state)
{
	(void)state;
	edit("etc/site.conf", "old\n");
	assert_false(scratch_has(PROGRESS));
}

static void
test_copies_of_files_with_the_same_name_do_not_mix(void **state)
{
	(void)state;
	scratch_write("a/x.conf", "a", 0600);
	scratch_write("b/x.conf", "b", 0600);
	edit("a/x.conf", "new a");
	edit("b/x.conf", "new b");
	assert_true(scratch_says(PROGRESS "/x.conf_0", "a"));
	assert_true(scratch_says(PROGRESS "/x.conf_1", "b"));
	revert();
	assert_true(scratch_says("a/x.conf", "a"));
	assert_true(scratch_says("b/x.conf", "b"));
}

static void
test_commands_run_last_first_when_reverted(void **state)
{
	cw_autofree char *output = scratch_path("output");
	const char *const odd[] = {"/bin/sh",        "-c", "printf '%s' \"$1\" >>\"$0\"", output,
				   "a, \"b\"\r\nc;", NULL};
	const char *const plain[] = {"/bin/sh", "-c", "printf 'first;' >>\"$0\"", output, "", NULL};
	const char *const failing[] = {"/bin/false", NULL};
	const char *const none[] = {NULL};

	(void)state;
	assert_int_equal(cw_checkpoints_command(checkpoints, none, NULL), CW_E_INVALID);
	assert_int_equal(cw_checkpoints_command(checkpoints, odd, NULL), CW_OK);
	assert_int_equal(cw_checkpoints_command(checkpoints, plain, NULL), CW_OK);
	assert_int_equal(cw_checkpoints_command(checkpoints, failing, NULL), CW_OK);
	edit("etc/site.conf", "new");
	revert();
	assert_true(scratch_says("output", "first;a, \"b\"\r\nc;"));
	assert_true(scratch_says("etc/site.conf", "old\n"));
}

/* The name of the only finished checkpoint; release with free(). */
static char *
newest_backup(size_t count)
{
	cw_autofree char *folder = scratch_path(BACKUPS);
	cw_auto_strv struct cw_strv names = {0};

	assert_int_equal(cw_folder_list(folder, false, &names, NULL), CW_OK);
	assert_int_equal(names.count, count);
	return cw_format(BACKUPS "/%s", names.items[count - 1]);
}

static void
test_committed_checkpoint_is_kept_under_its_title(void **state)
{
	cw_autofree char *backup = NULL;
	cw_autofree char *changes = NULL;
	cw_autofree char *text = NULL;

	(void)state;
	assert_int_equal(cw_checkpoints_commit(checkpoints, "nothing", NULL), CW_OK);
	assert_false(scratch_has(BACKUPS));
	edit("etc/site.conf", "new\n");
	assert_int_equal(cw_checkpoints_commit(checkpoints, "a title\nof two", NULL), CW_OK);
	assert_false(scratch_has(PROGRESS));
	backup = newest_backup(1);
	changes = cw_format("%s/CHANGES_SINCE", backup);
	text = cw_format("-- a title of two --\nchanged %s/etc/site.conf\n", scratch);
	assert_true(scratch_says(changes, text));
	assert_false(recover());
	assert_true(scratch_says("etc/site.conf", "new\n"));
}

static void
test_rollback_reverts_the_newest_first(void **state)
{
	(void)state;
	edit("etc/site.conf", "1");
	assert_int_equal(cw_checkpoints_commit(checkpoints, "first", NULL), CW_OK);
	edit("etc/site.conf", "2");
	assert_int_equal(cw_checkpoints_commit(checkpoints, "second", NULL), CW_OK);
	edit("etc/site.conf", "3");
	assert_int_equal(cw_checkpoints_commit(checkpoints, "third", NULL), CW_OK);
	scratch_write(BACKUPS "/9999999998.5/CHANGES_SINCE", "of a killed rollback", 0644);
	scratch_write(BACKUPS "/README", "somebody's", 0644);
	assert_int_equal(cw_checkpoints_rollback(work, config, 4, NULL), CW_E_INVALID);
	assert_true(scratch_says("etc/site.conf", "3"));
	assert_int_equal(cw_checkpoints_rollback(work, config, 1, NULL), CW_OK);
	assert_true(scratch_says("etc/site.conf", "2"));
	assert_int_equal(cw_checkpoints_rollback(work, config, 2, NULL), CW_OK);
	assert_true(scratch_says("etc/site.conf", "old\n"));
	assert_int_equal(scratch_count(BACKUPS), 1);
	assert_int_equal(cw_checkpoints_rollback(work, config, 1, NULL), CW_E_INVALID);
}

static void
test_newest_checkpoint_is_told_by_name_also_when_the_clock_was_put_back(void **state)
{
	cw_autofree char *backup = NULL;

	(void)state;
	scratch_write(BACKUPS "/9999999998.5/CHANGES_SINCE", "", 0644);
	edit("etc/site.conf", "new");
	assert_int_equal(cw_checkpoints_commit(checkpoints, "later", NULL), CW_OK);
	backup = newest_backup(2);
	assert_non_null(strstr(backup, "/9999999999."));
}

static void
test_temporary_edits_are_reverted_before_lasting_ones(void **state)
{
	struct cw_checkpoints *temporary = cw_checkpoints_open(work, config, true);

	(void)state;
	edit("etc/site.conf", "lasting");
	assert_int_equal(try_write(temporary, "etc/site.conf", "temporary", NULL), CW_OK);
	assert_int_equal(try_write(temporary, "etc/challenge", "temporary", NULL), CW_OK);
	assert_true(scratch_says(TEMPORARY "/site.conf_0", "lasting"));
	/* What is temporary must not become part of what is kept. */
	assert_int_equal(try_write(checkpoints, "etc/challenge", "x", NULL), CW_E_BUSY);
	assert_int_equal(cw_checkpoints_commit(temporary, "kept", NULL), CW_E_INVALID);
	assert_int_equal(cw_checkpoints_commit(temporary, NULL, NULL), CW_OK);
	assert_true(recover());
	assert_true(scratch_says("etc/site.conf", "old\n"));
	assert_false(scratch_has("etc/challenge"));
	assert_false(recover());
	cw_checkpoints_close(temporary);
}

static void
test_edits_made_temporary_are_not_kept_by_a_later_commit(void **state)
{
	(void)state;
	edit("etc/site.conf", "challenge");
	assert_int_equal(cw_checkpoints_commit(checkpoints, NULL, NULL), CW_OK);
	assert_false(scratch_has(PROGRESS));
	assert_true(scratch_has(TEMPORARY "/site.conf_0"));
	edit("etc/site.conf", "challenge 2");
	assert_false(scratch_has(PROGRESS));
	revert();
	assert_true(scratch_says("etc/site.conf", "old\n"));
	edit("etc/site.conf", "kept");
	assert_int_equal(cw_checkpoints_commit(checkpoints, "kept", NULL), CW_OK);
	assert_false(recover());
	assert_true(scratch_says("etc/site.conf", "kept"));
}

static void
test_edits_made_temporary_join_the_temporary_ones(void **state)
{
	struct cw_checkpoints *temporary = cw_checkpoints_open(work, config, true);
	cw_autofree char *gone = scratch_path("etc/gone");
	cw_autofree char *output = scratch_path("output");
	const char *const first[] = {"/bin/sh", "-c", "printf 1 >>\"$0\"", output, NULL};
	const char *const second[] = {"/bin/sh", "-c", "printf 2 >>\"$0\"", output, NULL};

	(void)state;
	scratch_write("etc/gone", "gone", 0600);
	edit("etc/site.conf", "1");
	edit("etc/created", "1");
	assert_int_equal(cw_checkpoints_remove(checkpoints, gone, NULL), CW_OK);
	assert_int_equal(cw_checkpoints_command(checkpoints, first, NULL), CW_OK);
	assert_int_equal(try_write(temporary, "etc/site.conf", "2", NULL), CW_OK);
	assert_int_equal(try_write(temporary, "etc/created", "2", NULL), CW_OK);
	assert_int_equal(try_write(temporary, "etc/gone", "2", NULL), CW_OK);
	assert_int_equal(cw_checkpoints_command(temporary, second, NULL), CW_OK);
	assert_int_equal(cw_checkpoints_commit(checkpoints, NULL, NULL), CW_OK);
	assert_false(scratch_has(PROGRESS));
	assert_true(recover());
	assert_true(scratch_says("etc/site.conf", "old\n"));
	assert_false(scratch_has("etc/created"));
	assert_true(scratch_says("etc/gone", "gone"));
	assert_true(scratch_says("output", "21"));
	cw_checkpoints_close(temporary);
}

static void
test_keys_and_certificates_are_neither_edited_nor_put_back(void **state)
{
	cw_autofree char *line = scratch_path("config/archive/a/privkey1.pem");
	cw_autofree char *filepaths = cw_format("%s\n", line);

	(void)state;
	scratch_write("config/archive/a/privkey1.pem", "new key", 0600);
	assert_int_equal(try_write(checkpoints, "config/archive/a/privkey1.pem", "x", NULL),
			 CW_E_INVALID);
	assert_int_equal(cw_checkpoints_remove(checkpoints, line, NULL), CW_E_INVALID);
	edit("config/options-ssl.conf", "may be edited");
	scratch_write(TEMPORARY "/FILEPATHS", filepaths, 0600);
	scratch_write(TEMPORARY "/privkey1.pem_0", "old key", 0600);
	assert_true(recover());
	assert_true(scratch_says("config/archive/a/privkey1.pem", "new key"));
	assert_false(scratch_has("config/options-ssl.conf"));
}

static void
test_one_file_that_cannot_come_back_does_not_keep_others(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *copy = scratch_path(PROGRESS "/site.conf_0");
	bool reverted;

	(void)state;
	scratch_write("etc/other.conf", "old", 0600);
	edit("etc/site.conf", "new");
	edit("etc/other.conf", "new");
	assert_int_equal(unlink(copy), 0);
	assert_int_equal(cw_checkpoints_recover(work, config, &reverted, &error), CW_E_NOT_FOUND);
	assert_true(reverted);
	assert_non_null(strstr(cw_error_hint(&error), PROGRESS));
	assert_true(scratch_says("etc/other.conf", "old"));
	assert_true(scratch_has(PROGRESS "/FILEPATHS"));
	/* Put where it is missed, the next run succeeds. */
	scratch_write(PROGRESS "/site.conf_0", "old\n", 0640);
	assert_true(recover());
	assert_true(scratch_says("etc/site.conf", "old\n"));
}

static void
test_empty_checkpoint_of_a_killed_run_goes_without_a_reload(void **state)
{
	(void)state;
	scratch_write(PROGRESS "/site.conf_0", "half a co", 0600);
	assert_false(recover());
	assert_false(scratch_has(PROGRESS));
	assert_true(scratch_says("etc/site.conf", "old\n"));
}

static void
test_names_that_the_format_cannot_hold_are_refused(void **state)
{
	(void)state;
	assert_int_equal(try_write(checkpoints, "etc/a\nb", "x", NULL), CW_E_INVALID);
	assert_int_equal(try_write(checkpoints, "etc/a\xe2\x80\xa8", "x", NULL), CW_E_INVALID);
	assert_int_equal(try_write(checkpoints, "etc", "x", NULL), CW_E_INVALID);
	assert_false(scratch_has(PROGRESS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reverted_edit_restores_bytes_and_mode),
		TEST(test_created_file_goes_when_reverted),
		TEST(test_removed_file_comes_back_when_reverted),
		TEST(test_removed_link_comes_back_as_a_link),
		TEST(test_edit_through_a_link_changes_the_file_behind_it),
		TEST(test_hard_link_stays_one_file),
		TEST(test_owner_and_attributes_are_kept),
		TEST(test_writing_what_is_there_is_no_edit),
		TEST(test_copies_of_files_with_the_same_name_do_not_mix),
		TEST(test_commands_run_last_first_when_reverted),
		TEST(test_committed_checkpoint_is_kept_under_its_title),
		TEST(test_rollback_reverts_the_newest_first),
		TEST(test_newest_checkpoint_is_told_by_name_also_when_the_clock_was_put_back),
		TEST(test_temporary_edits_are_reverted_before_lasting_ones),
		TEST(test_edits_made_temporary_are_not_kept_by_a_later_commit),
		TEST(test_edits_made_temporary_join_the_temporary_ones),
		TEST(test_keys_and_certificates_are_neither_edited_nor_put_back),
		TEST(test_one_file_that_cannot_come_back_does_not_keep_others),
		TEST(test_empty_checkpoint_of_a_killed_run_goes_without_a_reload),
		TEST(test_names_that_the_format_cannot_hold_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
