#include "base/loop.h"
#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct watch {
	int descriptor;
	short events;
	/* Distinguishes this watch from an earlier one of the same descriptor, so that what poll()
	 * found for that one is not reported to this one. */
	uint64_t serial;
	cw_loop_callback callback;
	void *context;
};

struct cw_timer {
	int64_t due;
	uint64_t serial; /* timers due at the same time fire in the order they were made */
	size_t position; /* in the heap */
	cw_timer_callback callback;
	void *context;
};

struct cw_loop {
	struct watch *watches; /* sorted by descriptor */
	size_t watch_count, watch_capacity;
	struct pollfd *polled; /* what the latest turn gave to poll() */
	uint64_t *serials;     /* of the watches in polled */
	size_t polled_capacity;
	struct cw_timer **timers; /* a binary heap, the next due first */
	size_t timer_count, timer_capacity;
	uint64_t serial; /* the last one given */
	uint64_t turn;   /* counts turns, to notice one inside a callback */
};

static const int caught_signals[] = {SIGINT, SIGTERM, SIGHUP};

static volatile sig_atomic_t received_signal;
static int shield_depth;
static bool signals_caught;
/* The handler writes to the pipe, every turn polls it: a signal between the look at the flag and
 * poll() ends that poll(), whichever thread the handler ran in. */
static int wake_pipe[2] = {-1, -1};
/* The process that made the pipe. A child must not wake its parent, so it makes its own. */
static volatile pid_t wake_owner;

static void
on_signal(int number)
{
	int saved = errno;

	received_signal = number;
	if (wake_owner == getpid()) {
		/* A full pipe wakes as well. */
		ssize_t written = write(wake_pipe[1], "", 1);

		(void)written;
	}
	errno = saved;
}

static int
open_wake_pipe(void)
{
	int descriptors[2];

	if (wake_owner == getpid())
		return 0;
	/* An inherited pipe is left alone: its numbers may be something else's by now. */
	wake_owner = 0;
	wake_pipe[0] = -1;
	if (pipe2(descriptors, O_CLOEXEC | O_NONBLOCK) != 0)
		return errno;
	wake_pipe[0] = descriptors[0];
	wake_pipe[1] = descriptors[1];
	wake_owner = getpid();
	return 0;
}

void
cw_catch_signals(void)
{
	signals_caught = true;
	/* Where this fails the next turn tries again and reports it. */
	(void)open_wake_pipe();
	for (size_t i = 0; i < CW_COUNT(caught_signals); i++) {
		struct sigaction action, present;

		/* What nohup or a shell's "&" made us ignore stays ignored. */
		if (sigaction(caught_signals[i], NULL, &present) == 0 &&
		    present.sa_handler == SIG_IGN)
			continue;
		memset(&action, 0, sizeof(action));
		action.sa_handler = on_signal; /* without SA_RESTART: blocking calls end */
		sigemptyset(&action.sa_mask);
		sigaction(caught_signals[i], &action, NULL);
	}
}

int
cw_interrupted(void)
{
	return shield_depth > 0 ? 0 : received_signal;
}

void
cw_shield_signals(int change)
{
	shield_depth += change;
}

static int
fail_interrupted(struct cw_error *error)
{
	const char *name = "SIGHUP";

	if (received_signal == SIGINT)
		name = "SIGINT";
	else if (received_signal == SIGTERM)
		name = "SIGTERM";
	return cw_fail(error, CW_E_CANCELLED, "interrupted by a signal (%s)", name);
}

struct cw_loop *
cw_loop_new(void)
{
	return cw_alloc(sizeof(struct cw_loop));
}

void
cw_loop_free(struct cw_loop *loop)
{
	if (loop == NULL)
		return;
	for (size_t i = 0; i < loop->timer_count; i++)
		free(loop->timers[i]);
	free(loop->timers);
	free(loop->watches);
	free(loop->polled);
	free(loop->serials);
	free(loop);
}

/* The index of the first watch whose descriptor is not below DESCRIPTOR. */
static size_t
watch_position(const struct cw_loop *loop, int descriptor)
{
	size_t low = 0, high = loop->watch_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (loop->watches[middle].descriptor < descriptor)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct watch *
find_watch(const struct cw_loop *loop, int descriptor)
{
	size_t position = watch_position(loop, descriptor);

	if (position < loop->watch_count && loop->watches[position].descriptor == descriptor)
		return &loop->watches[position];
	return NULL;
}

static void
remove_watch(struct cw_loop *loop, struct watch *watch)
{
	size_t position = (size_t)(watch - loop->watches);

	loop->watch_count--;
	memmove(watch, watch + 1, (loop->watch_count - position) * sizeof(*watch));
}

static struct watch *
insert_watch(struct cw_loop *loop, int descriptor)
{
	size_t position = watch_position(loop, descriptor);
	struct watch *watch;

	if (loop->watch_count == loop->watch_capacity) {
		loop->watch_capacity = loop->watch_capacity == 0 ? 8 : 2 * loop->watch_capacity;
		loop->watches = cw_realloc(loop->watches, loop->watch_capacity, sizeof(*watch));
	}
	watch = &loop->watches[position];
	memmove(watch + 1, watch, (loop->watch_count - position) * sizeof(*watch));
	loop->watch_count++;
	return watch;
}

void
cw_loop_watch(struct cw_loop *loop, int descriptor, short events, cw_loop_callback callback,
	      void *context)
{
	struct watch *watch = find_watch(loop, descriptor);

	if (events == 0 || descriptor < 0) {
		if (watch != NULL)
			remove_watch(loop, watch);
		return;
	}
	if (watch == NULL)
		watch = insert_watch(loop, descriptor);
	*watch = (struct watch){
		.descriptor = descriptor,
		.events = events,
		.serial = ++loop->serial,
		.callback = callback,
		.context = context,
	};
}

static bool
timer_before(const struct cw_timer *a, const struct cw_timer *b)
{
	return a->due != b->due ? a->due < b->due : a->serial < b->serial;
}

static void
place_timer(struct cw_loop *loop, struct cw_timer *timer, size_t position)
{
	loop->timers[position] = timer;
	timer->position = position;
}

/* Moves the timer, which POSITION is free for, to where it belongs in the heap. */
static void
settle_timer(struct cw_loop *loop, struct cw_timer *timer, size_t position)
{
	while (position > 0 && timer_before(timer, loop->timers[(position - 1) / 2])) {
		place_timer(loop, loop->timers[(position - 1) / 2], position);
		position = (position - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * position + 1;

		if (child + 1 < loop->timer_count &&
		    timer_before(loop->timers[child + 1], loop->timers[child]))
			child++;
		if (child >= loop->timer_count || !timer_before(loop->timers[child], timer))
			break;
		place_timer(loop, loop->timers[child], position);
		position = child;
	}
	place_timer(loop, timer, position);
}

struct cw_timer *
cw_loop_timer(struct cw_loop *loop, int64_t delay, cw_timer_callback callback, void *context)
{
	struct cw_timer *timer = cw_alloc(sizeof(*timer));
	int64_t now = cw_now_ms();

	if (delay < 0)
		delay = 0;
	timer->due = delay > INT64_MAX - now ? INT64_MAX : now + delay;
	timer->serial = ++loop->serial;
	timer->callback = callback;
	timer->context = context;
	if (loop->timer_count == loop->timer_capacity) {
		loop->timer_capacity = loop->timer_capacity == 0 ? 8 : 2 * loop->timer_capacity;
		loop->timers =
			cw_realloc(loop->timers, loop->timer_capacity, sizeof(*loop->timers));
	}
	loop->timer_count++;
	settle_timer(loop, timer, loop->timer_count - 1);
	return timer;
}

/* Takes a timer out of the heap, the last one filling its place. */
static struct cw_timer *
take_timer(struct cw_loop *loop, size_t position)
{
	struct cw_timer *timer = loop->timers[position];
	struct cw_timer *last = loop->timers[--loop->timer_count];

	loop->timers[loop->timer_count] = NULL;
	if (position < loop->timer_count)
		settle_timer(loop, last, position);
	return timer;
}

void
cw_loop_cancel(struct cw_loop *loop, struct cw_timer *timer)
{
	if (timer != NULL)
		free(take_timer(loop, timer->position));
}

/* How long poll() may wait, in its unit and range. */
static int
waiting_time(const struct cw_loop *loop, int64_t limit)
{
	int64_t time = limit < 0 ? -1 : limit;

	if (loop->timer_count > 0) {
		int64_t left = loop->timers[0]->due - cw_now_ms();

		if (left < 0)
			left = 0;
		if (time < 0 || left < time)
			time = left;
	}
	return time > INT_MAX ? INT_MAX : (int)time;
}

/* Fills loop->polled from the watches, the wake pipe behind them; returns their number. */
static size_t
prepare_poll(struct cw_loop *loop)
{
	size_t needed = loop->watch_count + 1;

	if (loop->polled_capacity < needed) {
		loop->polled_capacity = 2 * needed;
		loop->polled =
			cw_realloc(loop->polled, loop->polled_capacity, sizeof(*loop->polled));
		loop->serials =
			cw_realloc(loop->serials, loop->polled_capacity, sizeof(*loop->serials));
	}
	for (size_t i = 0; i < loop->watch_count; i++) {
		loop->polled[i] = (struct pollfd){
			.fd = loop->watches[i].descriptor,
			.events = loop->watches[i].events,
		};
		loop->serials[i] = loop->watches[i].serial;
	}
	loop->polled[loop->watch_count] = (struct pollfd){
		.fd = signals_caught ? wake_pipe[0] : -1,
		.events = POLLIN,
	};
	return needed;
}

/* Without this the turns under a shield would find the pipe ready again and again. */
static void
drain_wake_pipe(void)
{
	char bytes[64];

	while (read(wake_pipe[0], bytes, sizeof(bytes)) > 0)
		continue;
}

static void
dispatch_watch(struct cw_loop *loop, const struct pollfd *polled, uint64_t serial)
{
	struct watch *watch = find_watch(loop, polled->fd);
	struct watch called;
	short events = polled->revents;

	if (watch == NULL || watch->serial != serial)
		return;
	called = *watch;
	if ((events & POLLNVAL) != 0) {
		/* Closed without ending the watch: told once, else every poll() would return at
		 * once from now on. */
		remove_watch(loop, watch);
		events = POLLERR;
	}
	called.callback(called.context, called.descriptor, events);
}

static void
dispatch_watches(struct cw_loop *loop, size_t count)
{
	uint64_t turn = loop->turn;

	/* A turn inside a callback may have dealt with the rest already, and has reused the array;
	 * what is still ready is found again by the next turn. */
	for (size_t i = 0; i < count && loop->turn == turn; i++) {
		struct pollfd polled = loop->polled[i];

		if (polled.revents != 0)
			dispatch_watch(loop, &polled, loop->serials[i]);
	}
}

static void
dispatch_timers(struct cw_loop *loop)
{
	int64_t now = cw_now_ms();
	uint64_t newest = loop->serial; /* later ones wait for the next turn */

	while (loop->timer_count > 0) {
		struct cw_timer timer = *loop->timers[0];

		if (timer.due > now || timer.serial > newest)
			break;
		free(take_timer(loop, 0));
		timer.callback(timer.context);
	}
}

int
cw_loop_turn(struct cw_loop *loop, int64_t limit, struct cw_error *error)
{
	size_t count;
	int ready, number;

	if (signals_caught && (number = open_wake_pipe()) != 0)
		return cw_fail_errno(error, number, "cannot create the pipe for signals");
	if (cw_interrupted() != 0)
		return fail_interrupted(error);
	if (limit < 0 && loop->watch_count == 0 && loop->timer_count == 0)
		return cw_fail(error, CW_E_INVALID, "the event loop has nothing to wait for");

	loop->turn++;
	count = prepare_poll(loop);
	ready = poll(loop->polled, count, waiting_time(loop, limit));
	if (ready < 0 && errno != EINTR)
		return cw_fail_errno(error, errno, "cannot wait for %zu descriptors", count);
	if (ready > 0) {
		if (loop->polled[count - 1].revents != 0)
			drain_wake_pipe();
		dispatch_watches(loop, count - 1);
	}
	dispatch_timers(loop);
	return cw_interrupted() != 0 ? fail_interrupted(error) : CW_OK;
}

int
cw_loop_until(struct cw_loop *loop, const bool *done, struct cw_error *error)
{
	while (!*done) {
		cw_auto_error struct cw_error failure = {0};
		int status = cw_loop_turn(loop, -1, &failure);

		/* What was finished in the turn that a signal ended is finished. */
		if (status != CW_OK && !*done)
			return cw_error_move(error, &failure);
	}
	return CW_OK;
}
