/* The event loop: poll(2) over descriptors, timers, signals. Callbacks may add and remove anything.
 */
#ifndef CW_BASE_LOOP_H
#define CW_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include "error.h"

struct cw_loop;
struct cw_timer;

typedef void (*cw_loop_callback)(void *context, int descriptor, short events);
typedef void (*cw_timer_callback)(void *context);

struct cw_loop *cw_loop_new(void);
void cw_loop_free(struct cw_loop *loop); /* NULL is allowed */

/* Calls CALLBACK when poll() finds EVENTS (POLLIN, POLLOUT), POLLERR or POLLHUP. One watch per
 * descriptor; a second call replaces the first; EVENTS 0 removes it. */
void cw_loop_watch(struct cw_loop *loop, int descriptor, short events, cw_loop_callback callback,
		   void *context);
/* Calls CALLBACK once, DELAY milliseconds from now; the timer is gone then. */
struct cw_timer *cw_loop_timer(struct cw_loop *loop, int64_t delay, cw_timer_callback callback,
			       void *context);
/* Forgets a timer that has not fired; NULL is allowed. */
void cw_loop_cancel(struct cw_loop *loop, struct cw_timer *timer);
/*
 * One round: waits until something is ready, at most LIMIT milliseconds (-1: no limit), and calls
 * what is due. CW_E_CANCELLED once cw_interrupted() is true.
 */
int cw_loop_turn(struct cw_loop *loop, int64_t limit, struct cw_error *error);
/* Runs the loop until *DONE is true. */
int cw_loop_until(struct cw_loop *loop, const bool *done, struct cw_error *error);

/*
 * SIGINT, SIGTERM and SIGHUP. After cw_catch_signals() they set a flag and wake the loops of this
 * process, which then return CW_E_CANCELLED; a second SIGINT does the same. Returns the number, or
 * 0. */
void cw_catch_signals(void);
int cw_interrupted(void);
/* Runs what must be done also after a signal (cleanup, polling an order's end): while the depth is
 * above 0 loops go on, and cw_interrupted() returns 0. */
void cw_shield_signals(int change /* +1 or -1 */);

#endif
