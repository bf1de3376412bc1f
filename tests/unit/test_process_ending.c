#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "child.h"
#include "process_fixture.h"

#include <signal.h>

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
terminate_self(void *context)
{
	(void)context;
	kill(getpid(), SIGTERM);
}

static void
be_interrupted(void *context)
{
	struct cw_process first = {.argv = SHELL("sleep 100 & echo $!; wait")};
	struct cw_process second = {.argv = SHELL("echo second")};
	struct cw_process *both[] = {&first, &second};
	struct cw_loop *loop = cw_loop_new();
	cw_auto_error struct cw_error error = {0};
	int64_t begin = cw_now_ms();

	(void)context;
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
	in_child(be_interrupted, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_hanging_group_is_ended_at_the_time_limit),
		cmocka_unit_test(test_what_ignores_being_told_to_end_is_killed),
		cmocka_unit_test(test_what_holds_the_output_after_the_exit_is_ended),
		cmocka_unit_test(test_a_daemon_that_closed_its_output_lives_on),
		cmocka_unit_test(test_a_daemon_in_another_session_is_not_waited_for),
		cmocka_unit_test(test_an_interrupted_run_ends_its_programs),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
