#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHELL(script)                                                                              \
	(const char *const[])                                                                      \
	{                                                                                          \
		"sh", "-c", script, NULL                                                           \
	}
#define cw_auto_process cw_auto(cw_process_clear)

static char folder[] = "/tmp/test_process.XXXXXX";

static int
make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	return 0;
}

static int
remove_folder(void **state)
{
	const char *const argv[] = {"rm", "-rf", folder, NULL};
	struct cw_process process = {.argv = argv};

	(void)state;
	return cw_process_run_one(&process, NULL);
}

static char *
write_script(const char *name, const char *text, mode_t mode)
{
	char *path = cw_format("%s/%s", folder, name);
	int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
	close(descriptor);
	return path;
}

/* Whether the process exists and is no zombie. */
static bool
is_running(pid_t pid)
{
	cw_autofree char *path = cw_format("/proc/%ld/stat", (long)pid);
	cw_autofile FILE *file = fopen(path, "re");
	char state = 'X';

	if (file == NULL || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		return false;
	return state != 'Z' && state != 'X';
}

static bool
ends_soon(pid_t pid)
{
	for (int i = 0; i < 300 && is_running(pid); i++)
		poll(NULL, 0, 10);
	return !is_running(pid);
}

static pid_t
printed_pid(const struct cw_process *process)
{
	pid_t pid = (pid_t)strtol(cw_buf_text(&process->output), NULL, 10);

	assert_true(pid > 1);
	return pid;
}

/* valgrind's own exec cannot fail late, and it keeps descriptors to itself. */
static void
skip_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	if (preload != NULL && strstr(preload, "vgpreload") != NULL)
		skip();
}

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

static void
test_without_input_stdin_is_empty(void **state)
{
	cw_auto_process struct cw_process process = {.argv = SHELL("wc -c")};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_int_equal(strtol(cw_buf_text(&process.output), NULL, 10), 0);
	process.input = "";
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_int_equal(strtol(cw_buf_text(&process.output), NULL, 10), 0);
}

static void
test_a_megabyte_of_input_is_given_while_output_is_read(void **state)
{
	size_t length = 1 << 20;
	cw_autofree char *input = cw_alloc(length);
	cw_auto_process struct cw_process process = {
		.argv = (const char *const[]){"cat", NULL},
		.input = input,
		.input_length = length,
		.output_limit = 2 * length,
	};

	(void)state;
	for (size_t i = 0; i < length; i++)
		input[i] = (char)(i * 31);
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_int_equal(process.output.length, length);
	assert_memory_equal(process.output.data, input, length);
}

static void
test_a_program_that_ignores_its_input_is_fine(void **state)
{
	size_t length = 1 << 20;
	cw_autofree char *input = cw_alloc(length);
	cw_auto_process struct cw_process process = {
		.argv = SHELL("exec <&-; sleep 0.1; echo done"),
		.input = input,
		.input_length = length,
	};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&process.output), "done\n");
}

static void
test_a_megabyte_of_output_is_read_and_cut_at_the_limit(void **state)
{
	static const char script[] = "head -c 1000000 /dev/zero | tr '\\0' x; echo end >&2";
	cw_auto_process struct cw_process process = {.argv = SHELL(script)};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_int_equal(process.output.length, 64 * 1024);
	assert_string_equal(cw_buf_text(&process.error_output), "end\n");
	process.output_limit = 10;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&process.output), "xxxxxxxxxx");
	process.output_limit = 2000000;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_int_equal(process.output.length, 1000000);
}

/* The lines of both streams, "1:text|", and the length of the longest. */
struct lines {
	struct cw_buf text;
	size_t longest;
	const char *touch; /* made when the first line comes */
};

static void
take_line(void *context, int stream, const char *line)
{
	struct lines *lines = context;

	if (lines->touch != NULL)
		close(open(lines->touch, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (strlen(line) > lines->longest)
		lines->longest = strlen(line);
	cw_buf_addf(&lines->text, "%d:%s|", stream, strlen(line) > 100 ? "long" : line);
}

static void
check_lines(const char *script, const char *expected, size_t longest)
{
	struct lines lines = {0};
	cw_auto_process struct cw_process process = {
		.argv = SHELL(script),
		.output_limit = 4,
		.line = take_line,
		.line_context = &lines,
	};

	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&lines.text), expected);
	if (longest > 0)
		assert_int_equal(lines.longest, longest);
	cw_buf_clear(&lines.text);
}

static void
test_lines_are_given_without_their_ends(void **state)
{
	(void)state;
	check_lines("printf 'a\\r\\n\\nbcd\\nefgh\\nlast'", "1:a|1:|1:bcd|1:efgh|1:last|", 4);
	check_lines("printf 'oops\\n' >&2", "2:oops|", 4);
	check_lines(":", "", 0);
}

static void
test_lines_of_any_bytes_and_any_length_are_given(void **state)
{
	(void)state;
	check_lines("printf 'x\\0y\\n\\377\\376\\n'", "1:x?y|1:\xff\xfe|", 3);
	check_lines("head -c 70000 /dev/zero | tr '\\0' x; echo", "1:long|1:long|", 65536);
	check_lines("head -c 65536 /dev/zero | tr '\\0' x; echo; echo a", "1:long|1:a|", 65536);
}

static void
test_lines_come_while_the_program_runs(void **state)
{
	static const char script[] =
		"echo one; while [ ! -e \"$0\" ]; do sleep 0.01; done; echo two";
	cw_autofree char *path = cw_format("%s/touched", folder);
	struct lines lines = {.touch = path};
	cw_auto_process struct cw_process process = {
		.argv = (const char *const[]){"sh", "-c", script, path, NULL},
		.time_limit = 20,
		.line = take_line,
		.line_context = &lines,
	};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&lines.text), "1:one|1:two|");
	cw_buf_clear(&lines.text);
}

static void
test_only_the_three_standard_descriptors_are_open(void **state)
{
	cw_auto_process struct cw_process process = {
		.argv = (const char *const[]){"ls", "/proc/self/fd", NULL},
	};
	int leaked = open("/dev/null", O_RDONLY), high = dup2(leaked, 700);

	(void)state;
	assert_int_equal(high, 700);
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	/* 3 is the folder that ls itself reads. */
	assert_string_equal(cw_buf_text(&process.output), "0\n1\n2\n3\n");
	close(leaked);
	close(high);
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

/* The program hangs, and so does what it started; both hold the output. */
static void
test_a_hanging_group_is_ended_at_the_time_limit(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_process struct cw_process process = {
		.argv = SHELL("sleep 100 & echo $!; echo waiting >&2; wait"),
		.time_limit = 1,
	};
	int64_t begin = cw_now_ms();

	(void)state;
	assert_int_equal(cw_process_run_one(&process, &error), CW_E_TIMEOUT);
	assert_in_range(cw_now_ms() - begin, 1000, 30000);
	assert_int_equal(process.signal, SIGTERM);
	assert_string_equal(error.message,
			    "\"sh\" did not end within its time limit of 1 s: waiting");
	assert_true(ends_soon(printed_pid(&process)));
}

/* Together, because each takes its five seconds. */
static void
test_what_ignores_being_told_to_end_is_killed(void **state)
{
	struct cw_process stubborn = {
		.argv = SHELL("trap '' TERM; echo $$; while :; do sleep 0.05; done"),
		.time_limit = 1,
	};
	struct cw_process grandchild = {
		.argv = SHELL("(trap '' TERM; sleep 100 & echo $!; wait) & wait"),
		.time_limit = 1,
	};
	struct cw_process left_behind = {
		.argv = SHELL("trap '' TERM; sleep 100 & echo $!"),
	};
	struct cw_process stopped = {
		.argv = SHELL("echo $$; kill -STOP $$"),
		.time_limit = 1,
	};
	struct cw_process *all[] = {&stubborn, &grandchild, &left_behind, &stopped};
	struct cw_loop *loop = cw_loop_new();
	int64_t begin = cw_now_ms();

	(void)state;
	assert_int_equal(cw_process_run(loop, all, CW_COUNT(all), CW_COUNT(all), NULL), CW_OK);
	assert_in_range(cw_now_ms() - begin, 5000, 30000);
	assert_int_equal(stubborn.status, CW_E_TIMEOUT);
	assert_int_equal(stubborn.signal, SIGKILL);
	assert_int_equal(grandchild.status, CW_E_TIMEOUT);
	assert_int_equal(left_behind.status, CW_OK);
	assert_int_equal(stopped.status, CW_E_TIMEOUT);
	assert_int_equal(stopped.signal, SIGTERM);
	for (size_t i = 0; i < CW_COUNT(all); i++) {
		assert_true(ends_soon(printed_pid(all[i])));
		cw_process_clear(all[i]);
	}
	cw_loop_free(loop);
}

static void
test_what_holds_the_output_after_the_exit_is_ended(void **state)
{
	cw_auto_process struct cw_process process = {.argv = SHELL("sleep 100 & echo $!; exit 0")};
	int64_t begin = cw_now_ms();

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_in_range(cw_now_ms() - begin, 150, 4500);
	assert_true(ends_soon(printed_pid(&process)));
}

static void
test_output_that_comes_just_after_the_exit_is_kept(void **state)
{
	cw_auto_process struct cw_process process = {.argv = SHELL("(sleep 0.05; echo late) &")};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&process.output), "late\n");
}

static void
test_a_daemon_that_closed_its_output_lives_on(void **state)
{
	cw_auto_process struct cw_process process = {
		.argv = SHELL("sleep 100 >/dev/null 2>&1 & echo $!"),
	};
	pid_t pid;

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	pid = printed_pid(&process);
	assert_true(is_running(pid));
	kill(pid, SIGKILL);
	assert_true(ends_soon(pid));
}

/* It cannot be ended with the group; waiting for its output to close would take for ever. */
static void
test_a_daemon_in_another_session_is_not_waited_for(void **state)
{
	cw_auto_process struct cw_process process = {.argv = SHELL("setsid sleep 100 & echo $!")};
	int64_t begin = cw_now_ms();
	pid_t pid;

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_in_range(cw_now_ms() - begin, 150, 4500);
	pid = printed_pid(&process);
	assert_true(is_running(pid));
	kill(pid, SIGKILL);
	assert_true(ends_soon(pid));
}

static void
count_call(void *context)
{
	(*(int *)context)++;
}

static void
test_as_many_run_at_once_as_asked_and_the_loop_with_them(void **state)
{
	static const char *const argv[] = {"sleep", "0.5", NULL};
	struct cw_process processes[6] = {{0}};
	struct cw_process *pointers[6];
	struct cw_loop *loop = cw_loop_new();
	int64_t begin = cw_now_ms();
	int calls = 0;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(processes); i++) {
		processes[i].argv = argv;
		pointers[i] = &processes[i];
	}
	cw_loop_timer(loop, 50, count_call, &calls);
	assert_int_equal(cw_process_run(loop, pointers, 6, 3, NULL), CW_OK);
	assert_in_range(cw_now_ms() - begin, 1000, 2900);
	assert_int_equal(calls, 1);
	for (size_t i = 0; i < CW_COUNT(processes); i++) {
		assert_int_equal(processes[i].status, CW_OK);
		cw_process_clear(&processes[i]);
	}
	cw_loop_free(loop);
}

static void
test_one_job_runs_them_one_after_the_other_in_order(void **state)
{
	static const char script[] = "test \"$(cat \"$0\")\" = \"$BEFORE\" && sleep 0.02 && "
				     "printf x >>\"$0\"";
	cw_autofree char *path = write_script("order", "", 0600);
	const char *const argv[] = {"sh", "-c", script, path, NULL};
	const char *const environments[][2] = {
		{"BEFORE="}, {"BEFORE=x"}, {"BEFORE=xx"}, {"BEFORE=xxx"}};
	struct cw_process processes[4] = {{0}};
	struct cw_process *pointers[4];
	struct cw_loop *loop = cw_loop_new();

	(void)state;
	for (size_t i = 0; i < CW_COUNT(processes); i++) {
		processes[i].argv = argv;
		processes[i].environment = environments[i];
		pointers[i] = &processes[i];
	}
	assert_int_equal(cw_process_run(loop, pointers, 4, 0, NULL), CW_OK);
	for (size_t i = 0; i < CW_COUNT(processes); i++) {
		assert_int_equal(processes[i].status, CW_OK);
		cw_process_clear(&processes[i]);
	}
	cw_loop_free(loop);
}

static void
test_one_that_cannot_start_does_not_stop_the_others(void **state)
{
	struct cw_process good = {.argv = SHELL("echo good")};
	struct cw_process bad = {.argv = (const char *const[]){"/no/such/program", NULL}};
	struct cw_process *all[] = {&bad, &good, &bad};
	struct cw_loop *loop = cw_loop_new();

	(void)state;
	assert_int_equal(cw_process_run(loop, all, CW_COUNT(all), 0, NULL), CW_OK);
	assert_int_equal(good.status, CW_OK);
	assert_int_equal(bad.status, CW_E_NOT_FOUND);
	assert_int_equal(cw_process_run(loop, NULL, 0, 0, NULL), CW_OK);
	cw_process_clear(&good);
	cw_process_clear(&bad);
	cw_loop_free(loop);
}

static void
test_no_descriptor_is_left_open(void **state)
{
	int before = dup(0), after;

	(void)state;
	close(before);
	for (int i = 0; i < 3; i++) {
		struct cw_process good = {.argv = SHELL("cat"), .input = "x", .input_length = 1};
		struct cw_process bad = {.argv = (const char *const[]){"/no/such/program", NULL}};

		assert_int_equal(cw_process_run_one(&good, NULL), CW_OK);
		assert_int_equal(cw_process_run_one(&bad, NULL), CW_E_NOT_FOUND);
		cw_process_clear(&good);
		cw_process_clear(&bad);
	}
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

/* ---- what changes this process for good runs in a child ---- */

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(STDERR_FILENO, "line %d: %s\n", __LINE__, #condition);             \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static void
in_child(void (*function)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(60);
		function();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
terminate_self(void *context)
{
	(void)context;
	kill(getpid(), SIGTERM);
}

static void
be_interrupted(void)
{
	struct cw_process first = {.argv = SHELL("sleep 100 & echo $!; wait")};
	struct cw_process second = {.argv = SHELL("echo second")};
	struct cw_process *both[] = {&first, &second};
	struct cw_loop *loop = cw_loop_new();
	cw_auto_error struct cw_error error = {0};
	int64_t begin = cw_now_ms();

	cw_catch_signals();
	cw_loop_timer(loop, 300, terminate_self, NULL);
	CHECK(cw_process_run(loop, both, 2, 1, &error) == CW_E_CANCELLED);
	CHECK(cw_now_ms() - begin < 30000);
	CHECK(first.status == CW_E_CANCELLED && first.signal == SIGTERM);
	CHECK(second.status == CW_E_CANCELLED && second.output.length == 0);
	CHECK(ends_soon(printed_pid(&first)));
	CHECK(error.status == CW_E_CANCELLED);
	/* From now on nothing is started, but under a shield. */
	CHECK(cw_process_run_one(&second, &error) == CW_E_CANCELLED);
	CHECK(second.output.length == 0);
	cw_shield_signals(+1);
	CHECK(cw_process_run_one(&second, &error) == CW_OK);
	CHECK(strcmp(cw_buf_text(&second.output), "second\n") == 0);
	cw_shield_signals(-1);
	cw_process_clear(&first);
	cw_process_clear(&second);
	cw_loop_free(loop);
}

static void
test_an_interrupted_run_ends_its_programs(void **state)
{
	(void)state;
	in_child(be_interrupted);
}

static void
run_without_descriptors(void)
{
	cw_auto_process struct cw_process process = {
		.argv = SHELL("cat; echo err >&2"), .input = "hi", .input_length = 2};

	close(0);
	close(1);
	close(2);
	if (cw_process_run_one(&process, NULL) != CW_OK ||
	    strcmp(cw_buf_text(&process.output), "hi") != 0 ||
	    strcmp(cw_buf_text(&process.error_output), "err\n") != 0)
		_exit(1);
}

static void
test_it_works_without_standard_descriptors_of_our_own(void **state)
{
	(void)state;
	in_child(run_without_descriptors);
}

/* Makes the kernel look like one without pidfd_open and close_range. */
static void
forget_new_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_fprog program = {.len = CW_COUNT(filter), .filter = filter};

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	CHECK(syscall(SYS_pidfd_open, getpid(), 0) < 0 && errno == ENOSYS);
}

static void
run_on_old_kernel(void)
{
	cw_auto_process struct cw_process lists = {
		.argv = (const char *const[]){"ls", "/proc/self/fd", NULL}};
	cw_auto_process struct cw_process hangs = {.argv = SHELL("sleep 100 & echo $!; wait"),
						   .time_limit = 1};
	cw_auto_process struct cw_process silent = {
		.argv = SHELL("exec >&- 2>&-; sleep 0.3; exit 5")};
	int64_t begin;

	CHECK(dup2(open("/dev/null", O_RDONLY), 700) == 700);
	forget_new_calls();
	CHECK(cw_process_run_one(&lists, NULL) == CW_OK);
	CHECK(strcmp(cw_buf_text(&lists.output), "0\n1\n2\n3\n") == 0);
	CHECK(cw_process_run_one(&hangs, NULL) == CW_E_TIMEOUT);
	CHECK(ends_soon(printed_pid(&hangs)));
	begin = cw_now_ms();
	CHECK(cw_process_run_one(&silent, NULL) == CW_E_COMMAND);
	CHECK(silent.exit_status == 5 && cw_now_ms() - begin >= 300);
}

static void
test_it_works_on_kernels_without_pidfds_and_close_range(void **state)
{
	(void)state;
	in_child(run_on_old_kernel);
}

/* Whatever the descriptor limit leaves room for, nothing hangs and nothing is left. */
static void
run_short_of_descriptors(void)
{
	int taken = open("/dev/null", O_RDONLY | O_CLOEXEC), failed = 0;

	for (int limit = taken + 1; limit < taken + 16; limit++) {
		struct cw_process process = {.argv = SHELL("echo x"), .time_limit = 10};
		struct rlimit limits = {(rlim_t)limit, (rlim_t)taken + 16};
		int status;

		CHECK(setrlimit(RLIMIT_NOFILE, &limits) == 0);
		status = cw_process_run_one(&process, NULL);
		CHECK(status == CW_OK || process.error_output.length > 0);
		failed += status != CW_OK ? 1 : 0;
		cw_process_clear(&process);
	}
	CHECK(failed > 3 && failed < 14);
	CHECK(dup(0) == taken + 1);
}

static void
test_a_lack_of_descriptors_is_an_error_that_leaves_nothing(void **state)
{
	(void)state;
	skip_under_valgrind();
	in_child(run_short_of_descriptors);
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
		cmocka_unit_test(test_without_input_stdin_is_empty),
		cmocka_unit_test(test_a_megabyte_of_input_is_given_while_output_is_read),
		cmocka_unit_test(test_a_program_that_ignores_its_input_is_fine),
		cmocka_unit_test(test_a_megabyte_of_output_is_read_and_cut_at_the_limit),
		cmocka_unit_test(test_lines_are_given_without_their_ends),
		cmocka_unit_test(test_lines_of_any_bytes_and_any_length_are_given),
		cmocka_unit_test(test_lines_come_while_the_program_runs),
		cmocka_unit_test(test_only_the_three_standard_descriptors_are_open),
		cmocka_unit_test(test_signals_are_default_and_unblocked),
		cmocka_unit_test(test_it_leads_a_group_and_session_of_its_own),
		cmocka_unit_test(test_with_the_terminal_it_stays_in_our_group),
		cmocka_unit_test(test_ignored_child_signals_do_not_lose_the_exit_status),
		cmocka_unit_test(test_a_hanging_group_is_ended_at_the_time_limit),
		cmocka_unit_test(test_what_ignores_being_told_to_end_is_killed),
		cmocka_unit_test(test_what_holds_the_output_after_the_exit_is_ended),
		cmocka_unit_test(test_output_that_comes_just_after_the_exit_is_kept),
		cmocka_unit_test(test_a_daemon_that_closed_its_output_lives_on),
		cmocka_unit_test(test_a_daemon_in_another_session_is_not_waited_for),
		cmocka_unit_test(test_as_many_run_at_once_as_asked_and_the_loop_with_them),
		cmocka_unit_test(test_one_job_runs_them_one_after_the_other_in_order),
		cmocka_unit_test(test_one_that_cannot_start_does_not_stop_the_others),
		cmocka_unit_test(test_no_descriptor_is_left_open),
		cmocka_unit_test(test_an_interrupted_run_ends_its_programs),
		cmocka_unit_test(test_it_works_without_standard_descriptors_of_our_own),
		cmocka_unit_test(test_it_works_on_kernels_without_pidfds_and_close_range),
		cmocka_unit_test(test_a_lack_of_descriptors_is_an_error_that_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
