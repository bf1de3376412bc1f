/*
 * The agent's one timer: a timerfd(2) of the real-time clock, so that it also goes on while the
 * machine is suspended, and tells of a clock that was set.
 */
#ifndef CW_FLOW_AGENT_ALARM_H
#define CW_FLOW_AGENT_ALARM_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "base/loop.h"

struct cw_alarm {
	int descriptor;
	int64_t offset; /* seconds from the time since the machine began to the time of day */
	/* JUMP: by how many seconds the clock was set, 0 if by less than a minute. */
	void (*ring)(void *context, int64_t jump);
	void *context;
};

int cw_alarm_open(struct cw_alarm *alarm, struct cw_loop *loop, struct cw_error *error);
/* Rings at WHEN (seconds since the epoch), or at once if that is past; INT64_MAX: never. It then
 * rings only if the clock is set. */
void cw_alarm_set(struct cw_alarm *alarm, int64_t when);

#endif
