#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loop_fixture.h"

#include <errno.h>
#include <poll.h>

static void
call_b(void *context)
{
	called(context, 'b');
}

static void
call_c(void *context)
{
	called(context, 'c');
}

static void
test_timers_fire_in_the_order_they_are_due(void **state)
{
	struct scene *scene = *state;

	cw_loop_timer(scene->loop, 30, call_c, scene);
	cw_loop_timer(scene->loop, 0, call_a, scene);
	cw_loop_timer(scene->loop, 10, call_b, scene);
	cw_loop_timer(scene->loop, 40, finish, scene);
	assert_int_equal(cw_loop_until(scene->loop, &scene->done, NULL), CW_OK);
	assert_string_equal(scene->calls, "abc");
}

static void
test_timers_due_at_once_fire_in_the_order_they_were_made(void **state)
{
	struct scene *scene = *state;

	cw_loop_timer(scene->loop, 0, call_b, scene);
	cw_loop_timer(scene->loop, -5, call_a, scene);
	cw_loop_timer(scene->loop, 0, call_c, scene);
	cw_loop_timer(scene->loop, 5, finish, scene);
	assert_int_equal(cw_loop_until(scene->loop, &scene->done, NULL), CW_OK);
	assert_string_equal(scene->calls, "bac");
}

static void
cancel_other(void *context)
{
	struct scene *scene = context;

	called(scene, 'x');
	cw_loop_cancel(scene->loop, scene->other);
}

static void
test_a_cancelled_timer_does_not_fire_even_when_due(void **state)
{
	struct scene *scene = *state;

	cw_loop_cancel(scene->loop, NULL);
	cw_loop_timer(scene->loop, 0, cancel_other, scene);
	scene->other = cw_loop_timer(scene->loop, 1, call_a, scene);
	poll(NULL, 0, 5);
	assert_int_equal(turn(scene, 0), CW_OK);
	assert_int_equal(turn(scene, 5), CW_OK);
	assert_string_equal(scene->calls, "x");
}

static void
call_again(void *context)
{
	struct scene *scene = context;

	called(scene, 'r');
	cw_loop_timer(scene->loop, 0, call_again, scene);
}

static void
test_a_timer_made_by_a_timer_waits_for_the_next_turn(void **state)
{
	struct scene *scene = *state;

	cw_loop_timer(scene->loop, 0, call_again, scene);
	assert_int_equal(turn(scene, -1), CW_OK);
	assert_string_equal(scene->calls, "r");
	assert_int_equal(turn(scene, -1), CW_OK);
	assert_string_equal(scene->calls, "rr");
}

struct probe {
	int64_t due;
	int64_t *latest;
	size_t *fired;
	bool *in_order;
};

static void
check_order(void *context)
{
	struct probe *probe = context;

	if (probe->due < *probe->latest)
		*probe->in_order = false;
	*probe->latest = probe->due;
	(*probe->fired)++;
}

static void
test_many_timers_keep_their_order_while_others_are_cancelled(void **state)
{
	struct scene *scene = *state;
	static struct probe probes[500];
	static struct cw_timer *timers[500];
	int64_t latest = 0;
	size_t fired = 0, cancelled = 0;
	bool in_order = true;
	uint32_t random = 12345;

	for (size_t i = 0; i < CW_COUNT(probes); i++) {
		int64_t delay;

		random = random * 1103515245U + 12345U;
		/* Steps wider than the time this takes, so that the order is known. */
		delay = 50 + (random >> 16) % 8 * 10;
		probes[i] = (struct probe){delay, &latest, &fired, &in_order};
		timers[i] = cw_loop_timer(scene->loop, delay, check_order, &probes[i]);
	}
	for (size_t i = 0; i < CW_COUNT(probes); i += 3, cancelled++)
		cw_loop_cancel(scene->loop, timers[i]);
	cw_loop_timer(scene->loop, 300, finish, scene);
	assert_int_equal(cw_loop_until(scene->loop, &scene->done, NULL), CW_OK);
	assert_int_equal(fired, CW_COUNT(probes) - cancelled);
	assert_true(in_order);
}

static void
test_a_turn_waits_no_longer_than_its_limit(void **state)
{
	struct scene *scene = *state;
	int64_t begin = cw_now_ms(), passed;

	cw_loop_timer(scene->loop, 60000, call_a, scene);
	assert_int_equal(turn(scene, 30), CW_OK);
	passed = cw_now_ms() - begin;
	assert_in_range(passed, 30, 5000);
	assert_string_equal(scene->calls, "");
}

static void
test_waiting_for_nothing_for_ever_is_an_error(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(turn(scene, -1), CW_E_INVALID);
	assert_int_equal(turn(scene, 0), CW_OK);
}

static void
take_byte(void *context, int descriptor, short events)
{
	struct scene *scene = context;
	char byte;

	scene->events = events;
	called(scene, read(descriptor, &byte, 1) == 1 ? 'y' : 'n');
}

static void
take_byte_too(void *context, int descriptor, short events)
{
	take_byte(context, descriptor, events);
	called(context, '2');
}

static void
test_a_watch_is_called_when_its_descriptor_is_ready(void **state)
{
	struct scene *scene = *state;

	cw_loop_watch(scene->loop, scene->pipes[0][0], POLLIN, take_byte, scene);
	assert_int_equal(turn(scene, 0), CW_OK);
	assert_string_equal(scene->calls, "");
	make_ready(scene, 0);
	assert_int_equal(turn(scene, -1), CW_OK);
	assert_string_equal(scene->calls, "y");
	assert_int_equal(scene->events, POLLIN);
}

static void
test_watching_again_replaces_and_no_events_remove(void **state)
{
	struct scene *scene = *state;

	cw_loop_watch(scene->loop, scene->pipes[0][0], POLLIN, take_byte, scene);
	cw_loop_watch(scene->loop, scene->pipes[0][0], POLLIN, take_byte_too, scene);
	make_ready(scene, 0);
	assert_int_equal(turn(scene, 0), CW_OK);
	assert_string_equal(scene->calls, "y2");
	cw_loop_watch(scene->loop, scene->pipes[0][0], 0, NULL, NULL);
	cw_loop_watch(scene->loop, scene->pipes[1][0], 0, NULL, NULL);
	cw_loop_watch(scene->loop, -1, POLLIN, take_byte, scene);
	make_ready(scene, 0);
	assert_int_equal(turn(scene, 0), CW_OK);
	assert_string_equal(scene->calls, "y2");
}

static void
test_a_hang_up_is_reported(void **state)
{
	struct scene *scene = *state;

	cw_loop_watch(scene->loop, scene->pipes[0][0], POLLIN, take_byte, scene);
	close(scene->pipes[0][1]);
	assert_int_equal(turn(scene, -1), CW_OK);
	assert_true((scene->events & POLLHUP) != 0);
	assert_string_equal(scene->calls, "n");
	scene->pipes[0][1] = -1;
}

static void
remove_all(void *context, int descriptor, short events)
{
	struct scene *scene = context;

	(void)descriptor;
	(void)events;
	called(scene, 'r');
	for (size_t i = 0; i < CW_COUNT(scene->pipes); i++)
		cw_loop_watch(scene->loop, scene->pipes[i][0], 0, NULL, NULL);
}

static void
test_a_watch_removed_by_another_callback_is_not_called(void **state)
{
	struct scene *scene = *state;

	for (size_t i = 0; i < CW_COUNT(scene->pipes); i++) {
		cw_loop_watch(scene->loop, scene->pipes[i][0], POLLIN, remove_all, scene);
		make_ready(scene, i);
	}
	assert_int_equal(turn(scene, 0), CW_OK);
	assert_int_equal(turn(scene, 0), CW_OK);
	assert_string_equal(scene->calls, "r");
}

/* Closes the last pipe's reading end, which is ready, and watches an empty pipe by its number. */
static void
reuse_number(void *context, int descriptor, short events)
{
	struct scene *scene = context;
	int fresh[2];

	(void)events;
	called(scene, 'u');
	cw_loop_watch(scene->loop, descriptor, 0, NULL, NULL);
	assert_int_equal(pipe2(fresh, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(dup2(fresh[0], scene->pipes[2][0]), scene->pipes[2][0]);
	close(fresh[0]);
	close(scene->pipes[2][1]);
	scene->pipes[2][1] = fresh[1];
	cw_loop_watch(scene->loop, scene->pipes[2][0], POLLIN, take_byte, scene);
}

static void
test_a_reused_descriptor_does_not_get_its_predecessors_event(void **state)
{
	struct scene *scene = *state;

	cw_loop_watch(scene->loop, scene->pipes[0][0], POLLIN, reuse_number, scene);
	cw_loop_watch(scene->loop, scene->pipes[2][0], POLLIN, take_byte, scene);
	make_ready(scene, 0);
	make_ready(scene, 2);
	assert_int_equal(turn(scene, 0), CW_OK);
	assert_string_equal(scene->calls, "u");
	make_ready(scene, 2);
	assert_int_equal(turn(scene, 0), CW_OK);
	assert_string_equal(scene->calls, "uy");
}

static void
test_a_descriptor_closed_under_its_watch_is_reported_once(void **state)
{
	struct scene *scene = *state;
	int descriptor = dup(scene->pipes[0][0]);

	cw_loop_watch(scene->loop, descriptor, POLLIN, take_byte, scene);
	close(descriptor);
	assert_int_equal(turn(scene, -1), CW_OK);
	assert_int_equal(scene->events, POLLERR);
	assert_int_equal(turn(scene, 0), CW_OK);
	assert_string_equal(scene->calls, "n");
}

static void
add_many(void *context, int descriptor, short events)
{
	struct scene *scene = context;

	take_byte(context, descriptor, events);
	for (int i = 0; i < 100; i++)
		cw_loop_watch(scene->loop, 500 + i, POLLIN, remove_all, scene);
	for (int i = 0; i < 100; i++)
		cw_loop_watch(scene->loop, 500 + i, 0, NULL, NULL);
	cw_loop_watch(scene->loop, scene->pipes[1][0], POLLIN, take_byte_too, scene);
}

static void
test_a_callback_may_add_watches(void **state)
{
	struct scene *scene = *state;

	cw_loop_watch(scene->loop, scene->pipes[0][0], POLLIN, add_many, scene);
	make_ready(scene, 0);
	make_ready(scene, 1);
	assert_int_equal(turn(scene, -1), CW_OK);
	assert_string_equal(scene->calls, "y");
	assert_int_equal(turn(scene, -1), CW_OK);
	assert_string_equal(scene->calls, "yy2");
}

static void
turn_inside(void *context, int descriptor, short events)
{
	struct scene *scene = context;
	char byte;

	(void)events;
	called(scene, '(');
	assert_int_equal(read(descriptor, &byte, 1), 1);
	assert_int_equal(turn(scene, 0), CW_OK);
	called(scene, ')');
}

static void
test_a_turn_inside_a_callback_leaves_nothing_to_report_twice(void **state)
{
	struct scene *scene = *state;

	cw_loop_watch(scene->loop, scene->pipes[0][0], POLLIN, turn_inside, scene);
	cw_loop_watch(scene->loop, scene->pipes[1][0], POLLIN, take_byte, scene);
	make_ready(scene, 0);
	make_ready(scene, 1);
	assert_int_equal(turn(scene, 0), CW_OK);
	assert_int_equal(turn(scene, 0), CW_OK);
	assert_string_equal(scene->calls, "(y)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_timers_fire_in_the_order_they_are_due),
		TEST(test_timers_due_at_once_fire_in_the_order_they_were_made),
		TEST(test_a_cancelled_timer_does_not_fire_even_when_due),
		TEST(test_a_timer_made_by_a_timer_waits_for_the_next_turn),
		TEST(test_many_timers_keep_their_order_while_others_are_cancelled),
		TEST(test_a_turn_waits_no_longer_than_its_limit),
		TEST(test_waiting_for_nothing_for_ever_is_an_error),
		TEST(test_a_watch_is_called_when_its_descriptor_is_ready),
		TEST(test_watching_again_replaces_and_no_events_remove),
		TEST(test_a_hang_up_is_reported),
		TEST(test_a_watch_removed_by_another_callback_is_not_called),
		TEST(test_a_reused_descriptor_does_not_get_its_predecessors_event),
		TEST(test_a_descriptor_closed_under_its_watch_is_reported_once),
		TEST(test_a_callback_may_add_watches),
		TEST(test_a_turn_inside_a_callback_leaves_nothing_to_report_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
