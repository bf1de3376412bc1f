#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "child.h"
#include "loop_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

static void
terminate_self(void *context)
{
	called(context, 'k');
	kill(getpid(), SIGTERM);
}

static void
wait_for_signal(void *context)
{
	struct scene *scene = context;
	cw_auto_error struct cw_error error = {0};

	cw_catch_signals();
	CHECK(cw_interrupted() == 0);
	cw_loop_timer(scene->loop, 10, terminate_self, scene);
	cw_loop_timer(scene->loop, 60000, call_a, scene);
	CHECK(cw_loop_until(scene->loop, &scene->done, &error) == CW_E_CANCELLED);
	CHECK(cw_interrupted() == SIGTERM);
	CHECK(strstr(error.message, "SIGTERM") != NULL);
	CHECK(strcmp(scene->calls, "k") == 0);
	CHECK(turn(scene, -1) == CW_E_CANCELLED);
	kill(getpid(), SIGINT);
	kill(getpid(), SIGINT);
	CHECK(cw_interrupted() == SIGINT);
}

static void
test_a_signal_cancels_the_loop(void **state)
{
	in_child(wait_for_signal, *state);
}

/* Like wait_for_signal(), the signal coming from outside at any moment. */
static void
test_a_signal_at_any_moment_ends_the_wait(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < 60; i++) {
		struct timespec delay = {0, i * 7919L % 60 * 1000};
		int ready[2], status;
		char byte;
		pid_t pid;

		assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			alarm(10);
			cw_catch_signals();
			CHECK(write(ready[1], "x", 1) == 1);
			cw_loop_timer(scene->loop, 60000, call_a, scene);
			CHECK(cw_loop_until(scene->loop, &scene->done, NULL) == CW_E_CANCELLED);
			_exit(0);
		}
		assert_int_equal(read(ready[0], &byte, 1), 1);
		nanosleep(&delay, NULL);
		assert_int_equal(kill(pid, SIGHUP), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		close(ready[0]);
		close(ready[1]);
	}
}

static void
shield_the_loop(void *context)
{
	struct scene *scene = context;
	int64_t begin;

	cw_catch_signals();
	cw_shield_signals(+1);
	kill(getpid(), SIGTERM);
	CHECK(cw_interrupted() == 0);
	begin = cw_now_ms();
	cw_loop_timer(scene->loop, 50, finish, scene);
	for (int turns = 0; !scene->done; turns++) {
		CHECK(turns < 10); /* a signal under a shield must not keep the loop awake */
		CHECK(turn(scene, -1) == CW_OK);
	}
	CHECK(cw_now_ms() - begin >= 50);
	cw_shield_signals(-1);
	CHECK(cw_interrupted() == SIGTERM);
	CHECK(turn(scene, -1) == CW_E_CANCELLED);
}

static void
test_a_shielded_loop_goes_on_until_the_shield_is_gone(void **state)
{
	in_child(shield_the_loop, *state);
}

static void
finish_and_terminate(void *context)
{
	finish(context);
	kill(getpid(), SIGTERM);
}

static void
finish_in_the_last_turn(void *context)
{
	struct scene *scene = context;

	cw_catch_signals();
	cw_loop_timer(scene->loop, 0, finish_and_terminate, scene);
	CHECK(cw_loop_until(scene->loop, &scene->done, NULL) == CW_OK);
	CHECK(turn(scene, 0) == CW_E_CANCELLED);
}

static void
test_what_was_finished_when_the_signal_came_is_finished(void **state)
{
	in_child(finish_in_the_last_turn, *state);
}

/* A child's signal must end the child's wait, and neither wake nor cancel its parent. */
static void
signal_a_grandchild(void *context)
{
	struct scene *scene = context;
	int status;
	pid_t pid;

	cw_catch_signals();
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		struct cw_loop *loop = cw_loop_new();
		bool done = false;

		alarm(10);
		cw_loop_timer(loop, 20, terminate_self, scene);
		cw_loop_timer(loop, 60000, call_a, scene);
		CHECK(cw_loop_until(loop, &done, NULL) == CW_E_CANCELLED);
		cw_loop_free(loop);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(cw_interrupted() == 0);
	CHECK(turn(scene, 0) == CW_OK);
	/* And the parent's own still works. */
	cw_loop_timer(scene->loop, 0, terminate_self, scene);
	CHECK(turn(scene, -1) == CW_E_CANCELLED);
}

static void
test_a_forked_child_has_signals_of_its_own(void **state)
{
	in_child(signal_a_grandchild, *state);
}

static void
keep_hangup_ignored(void *context)
{
	struct scene *scene = context;

	signal(SIGHUP, SIG_IGN);
	cw_catch_signals();
	kill(getpid(), SIGHUP);
	CHECK(cw_interrupted() == 0);
	CHECK(turn(scene, 0) == CW_OK);
}

static void
test_a_signal_ignored_from_the_start_stays_ignored(void **state)
{
	in_child(keep_hangup_ignored, *state);
}

static void *
terminate_in_thread(void *context)
{
	(void)context;
	raise(SIGTERM); /* to this thread */
	return NULL;
}

static void
signal_a_thread(void *context)
{
	struct scene *scene = context;
	pthread_t thread;
	sigset_t mask;

	cw_catch_signals();
	cw_loop_timer(scene->loop, 60000, call_a, scene);
	CHECK(pthread_create(&thread, NULL, terminate_in_thread, NULL) == 0);
	sigfillset(&mask);
	sigdelset(&mask, SIGALRM);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	CHECK(cw_loop_until(scene->loop, &scene->done, NULL) == CW_E_CANCELLED);
	pthread_join(thread, NULL);
}

static void
test_a_signal_that_another_thread_gets_wakes_the_loop(void **state)
{
	in_child(signal_a_thread, *state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_signal_cancels_the_loop),
		TEST(test_a_signal_at_any_moment_ends_the_wait),
		TEST(test_a_shielded_loop_goes_on_until_the_shield_is_gone),
		TEST(test_what_was_finished_when_the_signal_came_is_finished),
		TEST(test_a_forked_child_has_signals_of_its_own),
		TEST(test_a_signal_ignored_from_the_start_stays_ignored),
		TEST(test_a_signal_that_another_thread_gets_wakes_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
