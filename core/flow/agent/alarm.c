#include "flow/agent/alarm.h"
#include <errno.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"

/* time(2) may be a few milliseconds behind the clock of the timer. */
#define DELAY_NS 20000000
#define JUMP 60 /* seconds; less is what keeping the time does */
/* A timer of CLOCK_REALTIME also has to tell of changes if nothing is planned. */
#define FAR (100 * 365 * 86400LL)

static int64_t
find_offset(void)
{
	struct timespec since_boot;

	clock_gettime(CLOCK_BOOTTIME, &since_boot);
	return cw_time() - since_boot.tv_sec;
}

static void
on_ready(void *context, int descriptor, short events)
{
	struct cw_alarm *alarm = context;
	int64_t offset = find_offset();
	int64_t change = offset - alarm->offset;
	bool jumped = change >= JUMP || change <= -JUMP;
	uint64_t count;

	(void)events;
	/* ECANCELED: the clock was set. */
	if (read(descriptor, &count, sizeof(count)) < 0 && errno != ECANCELED)
		return;
	if (jumped) {
		cw_log_warning("the clock was set: planning anew");
		alarm->offset = offset;
	}
	alarm->ring(alarm->context, jumped ? change : 0);
}

int
cw_alarm_open(struct cw_alarm *alarm, struct cw_loop *loop, struct cw_error *error)
{
	alarm->descriptor = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (alarm->descriptor < 0)
		return cw_fail_errno(error, errno, "cannot make a timer");
	alarm->offset = find_offset();
	cw_loop_watch(loop, alarm->descriptor, POLLIN, on_ready, alarm);
	return CW_OK;
}

void
cw_alarm_set(struct cw_alarm *alarm, int64_t when)
{
	int64_t now = cw_time();
	struct itimerspec time = {0};

	if (when > now + FAR)
		when = now + FAR;
	time.it_value.tv_sec = (time_t)(when > 0 ? when : 1);
	time.it_value.tv_nsec = DELAY_NS;
	timerfd_settime(alarm->descriptor, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &time,
			NULL);
}
