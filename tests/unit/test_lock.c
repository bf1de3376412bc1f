#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "store/lock.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

#include "scratch.h"

#define LOCK_FILE ".certbot.lock"

/* A process that holds the folder's lock until its pipe is closed. */
struct holder {
	pid_t pid;
	int release;
};

enum kind { OURS, RECORD };

static void
hold(enum kind kind, int ready, int release)
{
	cw_autofree char *path = scratch_path(LOCK_FILE);
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct cw_lock *lock;
	char byte = 1;

	if (kind == OURS) {
		if (cw_lock_take(scratch, 0, &lock, NULL) != CW_OK)
			_exit(1);
	} else {
		int file = open(path, O_WRONLY | O_CREAT, 0600);

		if (fcntl(file, F_SETLK, &whole) != 0)
			_exit(2);
	}
	if (write(ready, &byte, 1) != 1 || read(release, &byte, 1) < 0)
		_exit(3);
	if (kind == OURS)
		cw_lock_release(lock);
	else
		unlink(path);
	_exit(0);
}

static struct holder
start_holder(enum kind kind)
{
	int ready[2], release[2];
	struct holder holder;
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC) | pipe2(release, O_CLOEXEC), 0);
	holder.pid = fork();
	assert_true(holder.pid >= 0);
	if (holder.pid == 0) {
		close(release[1]);
		hold(kind, ready[1], release[0]);
	}
	close(ready[1]);
	close(release[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	holder.release = release[1];
	return holder;
}

static void
end_holder(struct holder *holder)
{
	int status;

	close(holder->release);
	assert_int_equal(waitpid(holder->pid, &status, 0), holder->pid);
	assert_int_equal(status, 0);
}

static void
test_lock_file_names_the_holder_and_goes_with_the_lock(void **state)
{
	cw_autofree char *pid = cw_format("%ld\n", (long)getpid());
	struct cw_lock *lock;

	(void)state;
	assert_int_equal(cw_lock_take(scratch, 0, &lock, NULL), CW_OK);
	assert_true(scratch_says(LOCK_FILE, pid));
	assert_int_equal(scratch_mode(LOCK_FILE), 0600);
	cw_lock_release(lock);
	assert_false(scratch_has(LOCK_FILE));
	cw_lock_release(NULL);
}

static void
assert_refused_naming(pid_t pid)
{
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *number = cw_format("process %ld (\"", (long)pid);
	struct cw_lock *lock;

	assert_int_equal(cw_lock_take(scratch, 0, &lock, &error), CW_E_BUSY);
	assert_null(lock);
	assert_non_null(strstr(error.message, scratch));
	assert_non_null(strstr(error.message, number));
	assert_non_null(strstr(cw_error_hint(&error), "--lock-timeout"));
}

static void
test_second_run_is_told_who_holds_the_lock(void **state)
{
	struct holder holder = start_holder(OURS);

	(void)state;
	assert_refused_naming(holder.pid);
	end_holder(&holder);
}

static void
test_holder_with_a_record_lock_is_found_without_its_help(void **state)
{
	struct holder holder = start_holder(RECORD);

	(void)state;
	assert_true(scratch_says(LOCK_FILE, ""));
	assert_refused_naming(holder.pid);
	end_holder(&holder);
}

/* In another process, as fcntl(2) locks do not stand against their own. */
static void
assert_record_lock_is_refused(const char *path)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int file = open(path, O_WRONLY | O_CREAT, 0600);

		_exit(fcntl(file, F_SETLK, &whole) == 0 ? 0 : 7);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void
test_record_lock_of_another_process_is_refused_by_ours(void **state)
{
	cw_autofree char *path = scratch_path(LOCK_FILE);
	struct cw_lock *lock;
	int file;

	(void)state;
	assert_int_equal(cw_lock_take(scratch, 0, &lock, NULL), CW_OK);
	assert_record_lock_is_refused(path);
	/* Closing another descriptor of the file does not lose it, as it would a record lock. */
	file = open(path, O_RDWR);
	close(file);
	assert_record_lock_is_refused(path);
	cw_lock_release(lock);
}

static struct holder *waited_for;

/* The log tells that the wait has begun; only then the holder may end. */
static void
release_when_waiting(void *context, enum cw_log_level level, const char *line)
{
	(void)context;
	(void)level;
	if (strstr(line, "waiting for it") != NULL)
		close(waited_for->release);
}

static void
test_waiting_ends_when_the_holder_does(void **state)
{
	struct holder holder = start_holder(OURS);
	struct cw_lock *lock;

	(void)state;
	waited_for = &holder;
	cw_log_set_terminal(release_when_waiting, NULL, CW_LOG_INFO);
	assert_int_equal(cw_lock_take(scratch, 60000, &lock, NULL), CW_OK);
	cw_log_set_terminal(NULL, NULL, CW_LOG_INFO);
	cw_lock_release(lock);
	assert_int_equal(waitpid(holder.pid, NULL, 0), holder.pid);
}

static void
test_waiting_ends_at_its_time_limit(void **state)
{
	struct holder holder = start_holder(OURS);
	cw_auto_error struct cw_error error = {0};
	int64_t began = cw_now_ms();
	struct cw_lock *lock;

	(void)state;
	assert_int_equal(cw_lock_take(scratch, 50, &lock, &error), CW_E_BUSY);
	assert_true(cw_now_ms() - began >= 50);
	assert_non_null(strstr(error.message, scratch));
	end_holder(&holder);
}

static void
test_waiting_for_ever_ends_with_a_signal(void **state)
{
	struct holder holder = start_holder(OURS);
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct cw_lock *lock;

		cw_catch_signals();
		raise(SIGTERM);
		_exit(cw_lock_take(scratch, -1, &lock, NULL) == CW_E_CANCELLED ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	end_holder(&holder);
}

static void
test_stale_file_of_a_killed_run_is_no_hindrance(void **state)
{
	struct holder holder = start_holder(OURS);
	struct cw_lock *lock;

	(void)state;
	assert_int_equal(kill(holder.pid, SIGKILL), 0);
	assert_int_equal(waitpid(holder.pid, NULL, 0), holder.pid);
	close(holder.release);
	assert_true(scratch_has(LOCK_FILE));
	assert_int_equal(cw_lock_take(scratch, 0, &lock, NULL), CW_OK);
	cw_lock_release(lock);
}

static void
test_lock_is_never_on_a_file_that_was_removed(void **state)
{
	struct cw_lock *first, *second;
	cw_autofree char *path = scratch_path(LOCK_FILE);

	(void)state;
	assert_int_equal(cw_lock_take(scratch, 0, &first, NULL), CW_OK);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(cw_lock_take(scratch, 0, &second, NULL), CW_OK);
	/* Whoever lost its file leaves another's alone. */
	cw_lock_release(first);
	assert_true(scratch_has(LOCK_FILE));
	cw_lock_release(second);
	assert_false(scratch_has(LOCK_FILE));
}

static void
test_forked_worker_keeps_the_lock_of_a_killed_coordinator(void **state)
{
	int release[2], ready[2];
	cw_auto_error struct cw_error error = {0};
	struct cw_lock *lock;
	char byte = 1;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(release, O_CLOEXEC) | pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (cw_lock_take(scratch, 0, &lock, NULL) != CW_OK)
			_exit(1);
		if (fork() == 0) {
			cw_lock_abandon(lock);
			close(release[1]);
			if (write(ready[1], &byte, 1) != 1)
				_exit(1);
			_exit(read(release[0], &byte, 1) < 0);
		}
		pause();
	}
	close(ready[1]);
	close(release[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(cw_lock_take(scratch, 0, &lock, &error), CW_E_BUSY);
	assert_non_null(strstr(error.message, "which has ended, left running"));
	close(release[1]);
	assert_int_equal(cw_lock_take(scratch, 60000, &lock, NULL), CW_OK);
	cw_lock_release(lock);
	close(ready[0]);
}

static void
test_folder_that_is_missing_is_named(void **state)
{
	cw_autofree char *missing = scratch_path("missing");
	cw_auto_error struct cw_error error = {0};
	struct cw_lock *lock;

	(void)state;
	assert_int_equal(cw_lock_take(missing, 0, &lock, &error), CW_E_NOT_FOUND);
	assert_non_null(strstr(error.message, missing));
}

static void
test_link_in_the_place_of_the_lock_file_is_not_followed(void **state)
{
	cw_autofree char *path = scratch_path(LOCK_FILE);
	cw_autofree char *target = scratch_path("victim");
	struct cw_lock *lock;

	(void)state;
	scratch_write("victim", "precious", 0600);
	assert_int_equal(symlink(target, path), 0);
	assert_int_not_equal(cw_lock_take(scratch, 0, &lock, NULL), CW_OK);
	assert_true(scratch_says("victim", "precious"));
}

static void
test_three_folders_are_made_and_locked_together(void **state)
{
	cw_autofree char *config = scratch_path("etc/le");
	cw_autofree char *work = scratch_path("lib/le");
	cw_autofree char *logs = scratch_path("log/le");
	const struct cw_directories directories = {config, work, logs};
	struct cw_run_locks locks;
	mode_t mask = umask(077);

	(void)state;
	assert_int_equal(cw_directories_make(&directories, NULL), CW_OK);
	umask(mask);
	assert_int_equal(scratch_mode("etc/le"), 0755);
	assert_int_equal(scratch_mode("lib/le"), 0755);
	assert_int_equal(scratch_mode("log/le"), 0700);
	assert_int_equal(cw_run_locks_take(&directories, 0, &locks, NULL), CW_OK);
	assert_true(scratch_has("etc/le/" LOCK_FILE));
	assert_true(scratch_has("lib/le/" LOCK_FILE));
	assert_true(scratch_has("log/le/" LOCK_FILE));
	cw_run_locks_release(&locks);
	assert_false(scratch_has("etc/le/" LOCK_FILE));
	assert_false(scratch_has("lib/le/" LOCK_FILE));
	assert_false(scratch_has("log/le/" LOCK_FILE));
}

static void
test_one_folder_for_all_three_is_locked_once(void **state)
{
	const struct cw_directories directories = {scratch, scratch, scratch};
	struct cw_run_locks locks;

	(void)state;
	assert_int_equal(cw_run_locks_take(&directories, 0, &locks, NULL), CW_OK);
	assert_true(scratch_has(LOCK_FILE));
	cw_run_locks_release(&locks);
	assert_false(scratch_has(LOCK_FILE));
}

static void
test_locks_taken_are_given_back_when_a_later_one_is_held(void **state)
{
	cw_autofree char *logs = scratch_path("logs");
	cw_autofree char *work = scratch_path("work");
	const struct cw_directories directories = {scratch, work, logs};
	struct holder holder = start_holder(OURS);
	struct cw_run_locks locks;

	(void)state;
	assert_int_equal(cw_directories_make(&directories, NULL), CW_OK);
	assert_int_equal(cw_run_locks_take(&directories, 0, &locks, NULL), CW_E_BUSY);
	assert_false(scratch_has("logs/" LOCK_FILE));
	assert_null(locks.logs);
	end_holder(&holder);
}

static void
test_folder_that_cannot_be_made_is_named_with_its_option(void **state)
{
	cw_autofree char *config = scratch_path("config");
	cw_autofree char *work = scratch_path("file/work");
	cw_autofree char *logs = scratch_path("logs");
	const struct cw_directories directories = {config, work, logs};
	cw_auto_error struct cw_error error = {0};

	(void)state;
	scratch_write("file", "", 0644);
	assert_int_not_equal(cw_directories_make(&directories, &error), CW_OK);
	assert_non_null(strstr(error.message, work));
	assert_non_null(strstr(error.message, "--work-dir"));
}

static void
test_private_folder_that_others_can_write_to_is_refused(void **state)
{
	cw_autofree char *parent = scratch_path("certwright");
	cw_autofree char *folder = NULL;

	(void)state;
	assert_int_equal(cw_private_folder(scratch, "orders", false, &folder, NULL),
			 CW_E_NOT_FOUND);
	assert_int_equal(cw_private_folder(scratch, "orders", true, &folder, NULL), CW_OK);
	assert_int_equal(scratch_mode("certwright/orders"), 0700);
	free(cw_take(&folder));
	assert_int_equal(chmod(parent, 0770), 0);
	assert_int_equal(cw_private_folder(scratch, "orders", true, &folder, NULL),
			 CW_E_PERMISSION);
	assert_null(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

static void
test_a_run_waits_for_the_plugin_processes_of_an_earlier_one(void **state)
{
	int first = -1, second = -1;

	(void)state;
	assert_int_equal(cw_presence_wait(scratch, 0, NULL), CW_OK);
	assert_int_equal(cw_presence_mark(scratch, &first, NULL), CW_OK);
	assert_int_equal(cw_presence_mark(scratch, &second, NULL), CW_OK);
	assert_int_equal(cw_presence_wait(scratch, 30, NULL), CW_E_BUSY);
	close(first);
	assert_int_equal(cw_presence_wait(scratch, 0, NULL), CW_E_BUSY);
	close(second);
	assert_int_equal(cw_presence_wait(scratch, 0, NULL), CW_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lock_file_names_the_holder_and_goes_with_the_lock),
		TEST(test_second_run_is_told_who_holds_the_lock),
		TEST(test_holder_with_a_record_lock_is_found_without_its_help),
		TEST(test_record_lock_of_another_process_is_refused_by_ours),
		TEST(test_waiting_ends_when_the_holder_does),
		TEST(test_waiting_ends_at_its_time_limit),
		TEST(test_waiting_for_ever_ends_with_a_signal),
		TEST(test_stale_file_of_a_killed_run_is_no_hindrance),
		TEST(test_lock_is_never_on_a_file_that_was_removed),
		TEST(test_forked_worker_keeps_the_lock_of_a_killed_coordinator),
		TEST(test_folder_that_is_missing_is_named),
		TEST(test_link_in_the_place_of_the_lock_file_is_not_followed),
		TEST(test_three_folders_are_made_and_locked_together),
		TEST(test_one_folder_for_all_three_is_locked_once),
		TEST(test_locks_taken_are_given_back_when_a_later_one_is_held),
		TEST(test_folder_that_cannot_be_made_is_named_with_its_option),
		TEST(test_private_folder_that_others_can_write_to_is_refused),
		TEST(test_a_run_waits_for_the_plugin_processes_of_an_earlier_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
