#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "process_fixture.h"

#include <signal.h>
#include <unistd.h>

static void
test_output_and_exit_status_are_reported(void **state)
{
	cw_auto_process struct cw_process process = {
		.argv = SHELL("echo out; echo err >&2; exit 0"),
	};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_int_equal(process.exit_status, 0);
	assert_int_equal(process.signal, 0);
	assert_string_equal(cw_buf_text(&process.output), "out\n");
	assert_string_equal(cw_buf_text(&process.error_output), "err\n");
}

static void
test_a_failure_says_the_exit_status_and_the_last_words(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_process struct cw_process process = {
		.argv = SHELL("echo first >&2; printf 'it \\033[1mbroke\\n\\n' >&2; exit 3"),
	};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, &error), CW_E_COMMAND);
	assert_int_equal(process.exit_status, 3);
	assert_string_equal(error.message, "\"sh\" failed with exit status 3: it  [1mbroke");
}

static void
test_a_program_ended_by_a_signal_is_reported_so(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_process struct cw_process process = {.argv = SHELL("kill -KILL $$")};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, &error), CW_E_COMMAND);
	assert_int_equal(process.exit_status, -1);
	assert_int_equal(process.signal, SIGKILL);
	assert_non_null(strstr(error.message, "signal 9"));
}

static void
test_a_program_that_does_not_exist_is_not_found(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_process struct cw_process process = {
		.argv = (const char *const[]){"no-such-program-here", "x", NULL},
	};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, &error), CW_E_NOT_FOUND);
	assert_int_equal(process.exit_status, -1);
	assert_non_null(strstr(error.message, "\"no-such-program-here\""));
	assert_non_null(strstr(cw_error_hint(&error), "PATH"));
}

static void
test_a_file_that_is_not_executable_is_a_permission_error(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *path = write_script("plain", "#!/bin/sh\n", 0644);
	cw_auto_process struct cw_process process = {
		.argv = (const char *const[]){path, NULL},
	};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, &error), CW_E_PERMISSION);
	assert_non_null(strstr(error.message, path));
	assert_non_null(strstr(cw_error_hint(&error), "executable"));
}

static void
test_a_missing_interpreter_is_not_found(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *path = NULL;
	cw_auto_process struct cw_process process = {0};

	(void)state;
	skip_under_valgrind();
	path = write_script("odd", "#!/no/such/interpreter\n", 0755);
	process.argv = (const char *const[]){path, NULL};
	assert_int_equal(cw_process_run_one(&process, &error), CW_E_NOT_FOUND);
	assert_non_null(strstr(cw_error_hint(&error), "interpreter"));
}

static void
test_a_script_without_a_first_line_runs_in_the_shell(void **state)
{
	cw_autofree char *path = write_script("bare", "echo bare\n", 0755);
	cw_auto_process struct cw_process process = {
		.argv = (const char *const[]){path, NULL},
	};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&process.output), "bare\n");
}

static void
test_no_program_at_all_is_an_error(void **state)
{
	cw_auto_process struct cw_process process = {.argv = (const char *const[]){NULL}};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_E_INVALID);
}

static void
test_it_runs_in_the_given_folder(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_process struct cw_process process = {
		.argv = SHELL("pwd -P"),
		.directory = "/usr",
	};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&process.output), "/usr\n");
	process.directory = "/no/such/folder";
	assert_int_equal(cw_process_run_one(&process, &error), CW_E_NOT_FOUND);
	assert_non_null(strstr(error.message, "/no/such/folder"));
	assert_non_null(strstr(cw_error_hint(&error), "folder"));
}

static void
test_the_environment_is_ours_with_changes(void **state)
{
	cw_auto_process struct cw_process process = {
		.argv = SHELL("echo \"$KEPT,$CHANGED,${GONE-none},$ADDED,${EMPTY-none}\""),
		.environment = (const char *const[]){"CHANGED=b", "GONE", "ADDED=1=2", "ADDED=3=4",
						     "EMPTY=", NULL},
	};

	(void)state;
	setenv("KEPT", "k", 1);
	setenv("CHANGED", "a", 1);
	setenv("GONE", "g", 1);
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&process.output), "k,b,none,3=4,\n");
}

/* The set of signals behind NAME in /proc/PID/status. */
static unsigned long long
signal_set(const struct cw_buf *output, const char *name)
{
	const char *at = strstr(cw_buf_text(output), name);

	assert_non_null(at);
	return strtoull(at + strlen(name), NULL, 16);
}

static void
test_signals_are_default_and_unblocked(void **state)
{
	cw_auto_process struct cw_process process = {
		.argv = (const char *const[]){"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status",
					      NULL},
	};
	sigset_t mask, before;

	(void)state;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, &before);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_int_equal(signal_set(&process.output, "SigBlk:\t"), 0);
	/* 32 and 33 are the C library's own; it lets nobody change what we inherited for them. */
	assert_int_equal(signal_set(&process.output, "SigIgn:\t") & ~(3ULL << 31), 0);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGUSR1), 1);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
}

/* Fields of /proc/PID/stat: the process group and the session. */
static void
test_it_leads_a_group_and_session_of_its_own(void **state)
{
	cw_auto_process struct cw_process process = {
		.argv = SHELL("read pid name state parent group session rest </proc/$$/stat; "
			      "test $pid = $group && test $pid = $session"),
	};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
}

static void
test_with_the_terminal_it_stays_in_our_group(void **state)
{
	static const char script[] =
		"read pid name state parent group rest </proc/$$/stat; test $group = $0";
	cw_autofree char *group = cw_format("%ld", (long)getpgrp());
	cw_auto_process struct cw_process process = {
		.argv = (const char *const[]){"sh", "-c", script, group, NULL},
		.inherit_terminal = true,
	};
	int64_t begin;

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_int_equal(process.output.length, 0);
	process.argv = (const char *const[]){"sleep", "100", NULL};
	process.time_limit = 1;
	begin = cw_now_ms();
	assert_int_equal(cw_process_run_one(&process, NULL), CW_E_TIMEOUT);
	assert_int_equal(process.signal, SIGTERM);
	assert_in_range(cw_now_ms() - begin, 1000, 30000);
}

static void
test_ignored_child_signals_do_not_lose_the_exit_status(void **state)
{
	cw_auto_process struct cw_process process = {.argv = SHELL("exit 7")};
	struct sigaction present;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(cw_process_run_one(&process, NULL), CW_E_COMMAND);
	assert_int_equal(process.exit_status, 7);
	sigaction(SIGCHLD, NULL, &present);
	assert_ptr_equal(present.sa_handler, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_and_exit_status_are_reported),
		cmocka_unit_test(test_a_failure_says_the_exit_status_and_the_last_words),
		cmocka_unit_test(test_a_program_ended_by_a_signal_is_reported_so),
		cmocka_unit_test(test_a_program_that_does_not_exist_is_not_found),
		cmocka_unit_test(test_a_file_that_is_not_executable_is_a_permission_error),
		cmocka_unit_test(test_a_missing_interpreter_is_not_found),
		cmocka_unit_test(test_a_script_without_a_first_line_runs_in_the_shell),
		cmocka_unit_test(test_no_program_at_all_is_an_error),
		cmocka_unit_test(test_it_runs_in_the_given_folder),
		cmocka_unit_test(test_the_environment_is_ours_with_changes),
		cmocka_unit_test(test_signals_are_default_and_unblocked),
		cmocka_unit_test(test_it_leads_a_group_and_session_of_its_own),
		cmocka_unit_test(test_with_the_terminal_it_stays_in_our_group),
		cmocka_unit_test(test_ignored_child_signals_do_not_lose_the_exit_status),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
