#include "store/directories.h"
#include "store/undo.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

#include "scratch.h"

#define JOURNALS "certwright/undo"

typedef void (*child_work)(struct cw_undo *undo);

static void
add_path(struct cw_undo *undo, const char *name, unsigned *id)
{
	cw_autofree char *path = scratch_path(name);

	if (cw_undo_add_path(undo, path, id, NULL) != CW_OK)
		_exit(1);
}

/* Runs WORK in a process that is killed then, and returns its process id. */
static pid_t
die_after(child_work work)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		work(cw_undo_open(scratch));
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return pid;
}

static void
leave_file_folder_and_link(struct cw_undo *undo)
{
	cw_autofree char *folder = scratch_path("made");
	cw_autofree char *link = scratch_path("link");
	cw_autofree char *odd = scratch_path("made/odd 12:\nname");
	unsigned id;

	add_path(undo, "made", &id);
	mkdir(folder, 0755);
	add_path(undo, "made/odd 12:\nname", &id);
	close(open(odd, O_WRONLY | O_CREAT, 0644));
	add_path(undo, "link", &id);
	if (symlink(scratch, link) != 0)
		_exit(1);
}

static void
test_what_a_killed_process_left_is_removed_last_first(void **state)
{
	(void)state;
	die_after(leave_file_folder_and_link);
	assert_true(scratch_has("made/odd 12:\nname"));
	assert_true(scratch_has("link"));
	assert_int_equal(scratch_mode(JOURNALS), 0700);
	cw_undo_replay(scratch, 0, NULL);
	assert_false(scratch_has("made"));
	assert_false(scratch_has("link"));
	assert_int_equal(scratch_count(JOURNALS), 0);
	/* Through no link, and nothing else. */
	assert_int_equal(scratch_count("."), 1);
}

static void
leave_folder_with_contents(struct cw_undo *undo)
{
	cw_autofree char *folder = scratch_path("made");
	unsigned id;

	add_path(undo, "made", &id);
	mkdir(folder, 0755);
}

static void
test_folder_that_is_not_empty_stays(void **state)
{
	(void)state;
	die_after(leave_folder_with_contents);
	scratch_write("made/somebody's", "", 0644);
	cw_undo_replay(scratch, 0, NULL);
	assert_true(scratch_has("made/somebody's"));
	assert_int_equal(scratch_count(JOURNALS), 0);
}

static void
leave_two_of_three(struct cw_undo *undo)
{
	unsigned first, second, third;

	add_path(undo, "first", &first);
	add_path(undo, "second", &second);
	add_path(undo, "third", &third);
	if (cw_undo_done(undo, second, NULL) != CW_OK)
		_exit(1);
}

static void
test_what_is_done_is_not_undone(void **state)
{
	(void)state;
	scratch_write("first", "", 0644);
	scratch_write("second", "", 0644);
	scratch_write("third", "", 0644);
	die_after(leave_two_of_three);
	cw_undo_replay(scratch, 0, NULL);
	assert_false(scratch_has("first"));
	assert_true(scratch_has("second"));
	assert_false(scratch_has("third"));
}

static void
leave_commands(struct cw_undo *undo)
{
	cw_autofree char *output = scratch_path("output");
	const char *const first[] = {"/bin/sh", "-c",  "printf '%s;' \"$1\" >>\"$0\"",
				     output,    "a b", NULL};
	const char *const second[] = {"/bin/sh", "-c", "printf '%s;' \"$1\" >>\"$0\"",
				      output,    "",   NULL};
	const char *const failing[] = {"/bin/false", NULL};
	unsigned id;

	if (cw_undo_add_command(undo, first, &id, NULL) != CW_OK ||
	    cw_undo_add_command(undo, second, &id, NULL) != CW_OK ||
	    cw_undo_add_command(undo, failing, &id, NULL) != CW_OK)
		_exit(1);
}

static void
test_commands_get_their_arguments_and_a_failing_one_stops_nothing(void **state)
{
	(void)state;
	die_after(leave_commands);
	cw_undo_replay(scratch, 0, NULL);
	assert_true(scratch_says("output", ";a b;"));
	assert_int_equal(scratch_count(JOURNALS), 0);
}

static void
test_journal_of_a_live_process_is_left(void **state)
{
	struct cw_undo *undo = cw_undo_open(scratch);
	unsigned id;

	(void)state;
	assert_int_equal(scratch_count("."), 0);
	scratch_write("mine", "", 0644);
	add_path(undo, "mine", &id);
	cw_undo_replay(scratch, 0, NULL);
	cw_undo_replay(scratch, getpid(), NULL);
	assert_true(scratch_has("mine"));
	assert_int_equal(scratch_count(JOURNALS), 1);
	assert_int_equal(cw_undo_done(undo, id, NULL), CW_OK);
	assert_int_equal(scratch_count(JOURNALS), 0);
	assert_int_equal(cw_undo_done(undo, id, NULL), CW_E_INVALID);
	add_path(undo, "mine", &id);
	assert_int_equal(scratch_count(JOURNALS), 1);
	assert_int_equal(cw_undo_done(undo, id, NULL), CW_OK);
	cw_undo_close(undo);
	cw_undo_close(NULL);
}

static void
test_two_journals_of_one_process_do_not_mix(void **state)
{
	struct cw_undo *first = cw_undo_open(scratch), *second = cw_undo_open(scratch);
	unsigned a, b;

	(void)state;
	add_path(first, "a", &a);
	add_path(second, "b", &b);
	assert_int_equal(scratch_count(JOURNALS), 2);
	assert_int_equal(cw_undo_done(first, a, NULL), CW_OK);
	assert_int_equal(scratch_count(JOURNALS), 1);
	assert_int_equal(cw_undo_done(second, b, NULL), CW_OK);
	assert_int_equal(scratch_count(JOURNALS), 0);
	cw_undo_close(first);
	cw_undo_close(second);
}

static void
leave_file(struct cw_undo *undo)
{
	unsigned id;

	add_path(undo, "left", &id);
}

static void
test_replay_can_be_for_one_process_only(void **state)
{
	pid_t pid;

	(void)state;
	scratch_write("left", "", 0644);
	pid = die_after(leave_file);
	cw_undo_replay(scratch, pid + 1, NULL);
	assert_true(scratch_has("left"));
	cw_undo_replay(scratch, pid, NULL);
	assert_false(scratch_has("left"));
}

static void
test_zombie_counts_as_gone(void **state)
{
	siginfo_t info;
	pid_t pid;

	(void)state;
	scratch_write("left", "", 0644);
	pid = fork();
	if (pid == 0) {
		leave_file(cw_undo_open(scratch));
		_exit(0);
	}
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	cw_undo_replay(scratch, pid, NULL);
	assert_false(scratch_has("left"));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A record for NAME in the scratch folder as it is now. */
static char *
record_of(unsigned id, const char *name)
{
	struct stat status;

	assert_int_equal(stat(scratch, &status), 0);
	cw_autofree char *device = cw_format("%llu", (unsigned long long)status.st_dev);
	cw_autofree char *inode = cw_format("%llu", (unsigned long long)status.st_ino);

	return cw_format("place %u 4 %zu:%s %zu:%s %zu:%s %zu:%s\n", id, strlen(scratch), scratch,
			 strlen(device), device, strlen(inode), inode, strlen(name), name);
}

/* Another process with the number of a live one, and one of before the last boot. */
static void
test_number_of_a_live_process_does_not_keep_an_older_journal(void **state)
{
	cw_autofree char *journal = cw_format(JOURNALS "/%ld-1", (long)getpid());
	cw_autofree char *text = record_of(1, "left");
	cw_autofree char *folder = NULL;

	(void)state;
	assert_int_equal(cw_private_folder(scratch, "undo", true, &folder, NULL), CW_OK);
	scratch_write("left", "", 0644);
	scratch_write(journal, text, 0600);
	cw_undo_replay(scratch, 0, NULL);
	assert_false(scratch_has("left"));
}

static void
test_journal_of_before_the_boot_is_replayed(void **state)
{
	cw_autofree char *journals = scratch_path(JOURNALS);
	cw_autofree char *record = record_of(1, "left");
	struct cw_undo *undo = cw_undo_open(scratch);
	cw_auto_strv struct cw_strv names = {0};
	cw_autofree char *journal = NULL;
	cw_autofree char *text = cw_format("boot 0 1 5:other\n%s", record);
	unsigned id;

	(void)state;
	scratch_write("left", "", 0644);
	add_path(undo, "left", &id);
	cw_undo_close(undo);
	assert_int_equal(cw_folder_list(journals, false, &names, NULL), CW_OK);
	journal = cw_format(JOURNALS "/%s", names.items[0]);
	cw_undo_replay(scratch, 0, NULL);
	assert_true(scratch_has("left"));
	scratch_write(journal, text, 0600);
	cw_undo_replay(scratch, 0, NULL);
	assert_false(scratch_has("left"));
}

static void
test_record_that_is_cut_off_is_ignored(void **state)
{
	cw_autofree char *folder = NULL;
	cw_autofree char *whole = record_of(1, "left");
	cw_autofree char *half = record_of(2, "other");
	cw_autofree char *text =
		cw_format("boot 0 1 5:other\n%s%.*s", whole, (int)strlen(half) - 3, half);

	(void)state;
	assert_int_equal(cw_private_folder(scratch, "undo", true, &folder, NULL), CW_OK);
	for (size_t length = 0; length <= strlen(text); length++) {
		cw_autofree char *cut = cw_memdup(text, length);

		scratch_write("left", "", 0644);
		scratch_write(JOURNALS "/1-1", cut, 0600);
		cw_undo_replay(scratch, 0, NULL);
		assert_int_equal(scratch_count(JOURNALS), 0);
		assert_int_equal(scratch_has("left"), strstr(cut, "left\n") == NULL);
	}
}

static void
test_relative_paths_and_empty_commands_are_refused(void **state)
{
	struct cw_undo *undo = cw_undo_open(scratch);
	const char *const none[] = {NULL};
	unsigned id;

	(void)state;
	assert_int_equal(cw_undo_add_path(undo, "relative", &id, NULL), CW_E_INVALID);
	assert_int_equal(cw_undo_add_command(undo, none, &id, NULL), CW_E_INVALID);
	assert_int_equal(scratch_count("."), 0);
	cw_undo_close(undo);
}

static void
leave_file_in_folder(struct cw_undo *undo)
{
	unsigned id;

	add_path(undo, "folder/sub/victim", &id);
}

/* The folder of what is to be removed, moved away, with KIND in its place, which has "victim" too.
 */
static void
replace_folder(const char *moved, const char *kind)
{
	cw_autofree char *from = scratch_path(moved);
	cw_autofree char *to = scratch_path("moved");
	cw_autofree char *other = scratch_path("other");

	scratch_write("folder/sub/victim", "ours", 0644);
	scratch_write("other/victim", "theirs", 0644);
	scratch_write("other/sub/victim", "theirs", 0644);
	die_after(leave_file_in_folder);
	assert_int_equal(rename(from, to), 0);
	if (strcmp(kind, "link") == 0)
		assert_int_equal(symlink(other, from), 0);
	else
		assert_int_equal(rename(other, from), 0);
}

static void
test_folder_that_was_replaced_keeps_what_it_has(void **state)
{
	static const char *const kinds[] = {"link", "folder"};
	static const char *const levels[] = {"folder", "folder/sub"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(kinds) * CW_COUNT(levels); i++) {
		const char *level = levels[i / 2];
		cw_autofree char *folder = scratch_path("folder");
		cw_autofree char *other = scratch_path("other");
		cw_autofree char *moved = scratch_path("moved");

		replace_folder(level, kinds[i % 2]);
		cw_undo_replay(scratch, 0, NULL);
		assert_true(scratch_says("folder/sub/victim", "theirs"));
		assert_int_equal(scratch_count(JOURNALS), 0);
		if (i % 2 == 0)
			assert_true(scratch_says("other/victim", "theirs"));
		unlink(folder);
		cw_tree_remove(folder, NULL);
		cw_tree_remove(other, NULL);
		cw_tree_remove(moved, NULL);
	}
}

static void
leave_file_through_descriptor(struct cw_undo *undo)
{
	cw_autofree char *path = scratch_path("folder");
	int folder = open(path, O_RDONLY | O_DIRECTORY);
	cw_autofree char *name = cw_format("/proc/self/fd/%d/left", folder);
	unsigned id;

	if (cw_undo_add_path(undo, name, &id, NULL) != CW_OK)
		_exit(1);
}

static void
test_folder_may_be_named_by_its_descriptor(void **state)
{
	(void)state;
	scratch_write("folder/left", "", 0644);
	die_after(leave_file_through_descriptor);
	cw_undo_replay(scratch, 0, NULL);
	assert_false(scratch_has("folder/left"));
	assert_true(scratch_has("folder"));
}

static void
leave_what_is_made_later(struct cw_undo *undo)
{
	unsigned id;

	add_path(undo, "later", &id);
	add_path(undo, "later/deep", &id);
	add_path(undo, "later/deep/left", &id);
}

static void
test_folders_may_be_made_after_what_is_in_them_is_registered(void **state)
{
	(void)state;
	die_after(leave_what_is_made_later);
	scratch_write("later/deep/left", "", 0644);
	cw_undo_replay(scratch, 0, NULL);
	assert_false(scratch_has("later"));
}

static void
test_journals_that_others_could_write_are_not_replayed(void **state)
{
	cw_autofree char *journals = scratch_path(JOURNALS);

	(void)state;
	scratch_write("left", "", 0644);
	die_after(leave_file);
	assert_int_equal(chmod(journals, 0777), 0);
	cw_undo_replay(scratch, 0, NULL);
	assert_true(scratch_has("left"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_a_killed_process_left_is_removed_last_first),
		TEST(test_folder_that_is_not_empty_stays),
		TEST(test_what_is_done_is_not_undone),
		TEST(test_commands_get_their_arguments_and_a_failing_one_stops_nothing),
		TEST(test_journal_of_a_live_process_is_left),
		TEST(test_two_journals_of_one_process_do_not_mix),
		TEST(test_replay_can_be_for_one_process_only),
		TEST(test_zombie_counts_as_gone),
		TEST(test_number_of_a_live_process_does_not_keep_an_older_journal),
		TEST(test_journal_of_before_the_boot_is_replayed),
		TEST(test_record_that_is_cut_off_is_ignored),
		TEST(test_relative_paths_and_empty_commands_are_refused),
		TEST(test_folder_that_was_replaced_keeps_what_it_has),
		TEST(test_folder_may_be_named_by_its_descriptor),
		TEST(test_folders_may_be_made_after_what_is_in_them_is_registered),
		TEST(test_journals_that_others_could_write_are_not_replayed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
