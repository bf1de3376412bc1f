/*
 * A clock that leaps over what nobody would do anything in, so that a year passes in minutes. To be
 * preloaded; all processes share the file that CW_CLOCK names (struct shared).
 *
 * The process that has the word CW_CLOCK_LEAPS among its arguments leaps. It waits with poll(), and
 * perhaps a timerfd of the real time. If it has no children and nothing is ready, the clock leaps
 * to the end of its wait, or to the end that the test has set, where it rests.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
#define MILLISECOND INT64_C(1000000)
#define DESCRIPTORS 1024
#define LOOK_INTERVAL 10 /* milliseconds */

struct shared {
	int64_t ahead;   /* nanoseconds from the real time to ours */
	int64_t end;     /* nanoseconds since the epoch, in our time */
	int64_t returns; /* how often poll() has returned in the process that leaps */
	int64_t resting; /* the end at which it waits; 0: it does not */
	int64_t set;     /* nanoseconds by which the time of day alone was set, as by date(1) */
};

static struct shared *shared;
static pid_t leaper;                   /* 0: this program does not leap */
static int64_t deadlines[DESCRIPTORS]; /* of timers, in our time; 0: none */

static int64_t
real_now(clockid_t clock)
{
	struct timespec time;

	syscall(SYS_clock_gettime, clock, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

static bool
leaps(void)
{
	char text[4096];
	int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? 0 : read(file, text, sizeof(text) - 1);
	const char *wanted = getenv("CW_CLOCK_LEAPS");
	bool found = false;

	if (file >= 0)
		close(file);
	if (length <= 0 || wanted == NULL)
		return false;
	text[length] = '\0';
	for (const char *word = text; word < text + length; word += strlen(word) + 1)
		found = found || strcmp(word, wanted) == 0;
	return found;
}

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("CW_CLOCK");
	int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *memory;

	if (file < 0)
		return;
	memory = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (memory == MAP_FAILED)
		abort();
	shared = memory;
	if (leaps())
		leaper = getpid();
}

static int64_t
ahead(void)
{
	return shared == NULL ? 0 : __atomic_load_n(&shared->ahead, __ATOMIC_SEQ_CST);
}

static int64_t
set(void)
{
	return shared == NULL ? 0 : __atomic_load_n(&shared->set, __ATOMIC_SEQ_CST);
}

static int64_t
now(void)
{
	return real_now(CLOCK_REALTIME) + ahead() + set();
}

static bool
is_time_of_day(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

static bool
is_counted(clockid_t clock)
{
	return is_time_of_day(clock) || clock == CLOCK_MONOTONIC ||
	       clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME;
}

int
clock_gettime(clockid_t clock, struct timespec *result)
{
	int64_t time;

	if (syscall(SYS_clock_gettime, clock, result) != 0)
		return -1;
	if (is_counted(clock)) {
		time = result->tv_sec * SECOND + result->tv_nsec + ahead();
		if (is_time_of_day(clock))
			time += set();
		*result = (struct timespec){.tv_sec = time / SECOND, .tv_nsec = time % SECOND};
	}
	return 0;
}

time_t
time(time_t *result)
{
	time_t seconds = now() / SECOND;

	if (result != NULL)
		*result = seconds;
	return seconds;
}

int
gettimeofday(struct timeval *restrict result, void *restrict zone)
{
	int64_t time = now();

	(void)zone;
	*result = (struct timeval){.tv_sec = time / SECOND, .tv_usec = time % SECOND / 1000};
	return 0;
}

/* A timer of the leaper is kept here until it leaps to it. */
int
timerfd_settime(int descriptor, int flags, const struct itimerspec *timer,
		struct itimerspec *before)
{
	struct itimerspec none = {0};
	int64_t value = timer->it_value.tv_sec * SECOND + timer->it_value.tv_nsec;

	if (leaper == 0 || leaper != getpid() || descriptor >= DESCRIPTORS) {
		if ((flags & TFD_TIMER_ABSTIME) != 0 && value != 0)
			value -= ahead() + set();
		none.it_value =
			(struct timespec){.tv_sec = value / SECOND, .tv_nsec = value % SECOND};
		return (int)syscall(SYS_timerfd_settime, descriptor, flags, &none, before);
	}
	if (value != 0 && (flags & TFD_TIMER_ABSTIME) == 0)
		value += now();
	deadlines[descriptor] = value;
	return (int)syscall(SYS_timerfd_settime, descriptor, 0, &none, before);
}

static void
fire(int descriptor)
{
	struct itimerspec soon = {.it_value = {.tv_nsec = 1}};

	deadlines[descriptor] = 0;
	syscall(SYS_timerfd_settime, descriptor, 0, &soon, NULL);
}

/* Timers that are cancelled when the clock is set: all those of the leaper are. True: there was
 * one.
 */
static bool
fire_if_set(const struct pollfd *waits, nfds_t count)
{
	static int64_t seen;
	bool fired = false;

	if (set() == seen)
		return false;
	seen = set();
	for (nfds_t i = 0; i < count; i++) {
		int descriptor = waits[i].fd;

		if (descriptor >= 0 && descriptor < DESCRIPTORS && deadlines[descriptor] != 0) {
			fire(descriptor);
			fired = true;
		}
	}
	return fired;
}

static bool
has_children(void)
{
	siginfo_t info = {0};

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static int
real_poll(struct pollfd *waits, nfds_t count, int limit)
{
	struct timespec time = {.tv_sec = limit / 1000, .tv_nsec = limit % 1000 * MILLISECOND};

	return (int)syscall(SYS_ppoll, waits, count, limit < 0 ? NULL : &time, NULL, 0);
}

/* The end of the wait, in our time; *TIMER is the timer that ends it, or -1. */
static int64_t
end_of_wait(const struct pollfd *waits, nfds_t count, int limit, int *timer)
{
	int64_t until = limit < 0 ? INT64_MAX : now() + limit * MILLISECOND;

	*timer = -1;
	for (nfds_t i = 0; i < count; i++) {
		int descriptor = waits[i].fd;

		if (descriptor < 0 || descriptor >= DESCRIPTORS || deadlines[descriptor] == 0 ||
		    deadlines[descriptor] >= until)
			continue;
		until = deadlines[descriptor];
		*timer = descriptor;
	}
	return until;
}

static void
leap_to(int64_t time)
{
	int64_t distance = time - now();

	if (distance > 0)
		__atomic_add_fetch(&shared->ahead, distance, __ATOMIC_SEQ_CST);
}

/* What other processes do at this moment may be seen by inotify: they get a little time. */
static int
leap(struct pollfd *waits, nfds_t count, int limit)
{
	int timer, ready = real_poll(waits, count, 0);
	int64_t until = end_of_wait(waits, count, limit, &timer), end;

	while (ready == 0) {
		end = __atomic_load_n(&shared->end, __ATOMIC_SEQ_CST);
		if (fire_if_set(waits, count))
			until = now();
		if (until <= end)
			break;
		leap_to(end);
		__atomic_store_n(&shared->resting, end, __ATOMIC_SEQ_CST);
		ready = real_poll(waits, count, LOOK_INTERVAL);
	}
	__atomic_store_n(&shared->resting, 0, __ATOMIC_SEQ_CST);
	if (ready == 0)
		ready = real_poll(waits, count,
				  until - now() < LOOK_INTERVAL * MILLISECOND ? 0 : 1);
	if (ready != 0)
		return ready;
	leap_to(until);
	if (timer < 0)
		return 0;
	fire(timer);
	return real_poll(waits, count, -1);
}

/* While a child works, time is what it is. */
static int
wait_for_end(struct pollfd *waits, nfds_t count, int limit)
{
	int timer, ready, most = limit;
	int64_t until = end_of_wait(waits, count, limit, &timer);
	int64_t left = (until - now()) / MILLISECOND + 1;

	if (timer >= 0)
		most = left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
	ready = real_poll(waits, count, most);
	if (ready != 0 || timer < 0)
		return ready;
	fire(timer);
	return real_poll(waits, count, -1);
}

int
poll(struct pollfd *waits, nfds_t count, int limit)
{
	int result;

	if (leaper == 0 || leaper != getpid() || limit == 0)
		return real_poll(waits, count, limit);
	result = has_children() ? wait_for_end(waits, count, limit) : leap(waits, count, limit);
	__atomic_add_fetch(&shared->returns, 1, __ATOMIC_SEQ_CST);
	return result;
}

int __poll_chk(struct pollfd *waits, nfds_t count, int limit, size_t size);

/* What poll() is in programs that are compiled with _FORTIFY_SOURCE. */
int
__poll_chk(struct pollfd *waits, nfds_t count, int limit, size_t size)
{
	(void)size;
	return poll(waits, count, limit);
}
