/*
 * Polls several objects of the CA at the same time, until each is settled or the deadline has
 * passed. Private to acme/.
 */
#ifndef CW_ACME_POLL_H
#define CW_ACME_POLL_H

#include "acme/internal.h"

/*
 * Returns the milliseconds to wait before the next poll. *INTERVAL must be 0 before the first poll.
 * It then starts at the time that an exchange takes, at most 50 ms, and grows by half each time, up
 * to 5 s. If the exchange took longer than that, the first poll is made at once, because the server
 * already had the time of the round trip. A longer Retry-After is used instead. In any case the
 * last poll is made one second before DEADLINE.
 */
int64_t cw_acme_poll_delay(int64_t *interval, const struct cw_acme_reply *reply, int64_t deadline);

struct cw_acme_round {
	struct cw_acme_operation operation;
	int64_t deadline; /* cw_now_ms() clock */
	struct cw_acme_polled *first, *last;
	struct cw_timer *timer;
};

/* One object of a round. It is a member of OWNER, which is passed to all callbacks. */
struct cw_acme_polled {
	struct cw_acme_round *round;
	struct cw_acme_polled *next;
	void *owner;
	/* Called if the object is not settled at the deadline. Nothing is in flight for it then. It
	 * must settle the object. */
	void (*time_out)(void *owner);
	int64_t interval; /* for cw_acme_poll_delay() */
	struct cw_acme_call *call;
	cw_acme_callback on_reply;
	struct cw_timer *timer;
	cw_timer_callback on_due;
	bool settled;
};

/* Adds POLLED, which must be empty, to ROUND. Neither may move in memory until the round is
 * over. */
void cw_acme_polled_add(struct cw_acme_round *round, struct cw_acme_polled *polled,
			void (*time_out)(void *owner), void *owner);
/* Marks POLLED as settled: nothing more is done for it. */
void cw_acme_polled_settle(struct cw_acme_polled *polled);
/* Sends REQUEST, with the deadline of the round. One request at a time. */
void cw_acme_polled_ask(struct cw_acme_polled *polled, struct cw_acme_request *request,
			cw_acme_callback on_reply);
/* Calls ON_DUE after DELAY milliseconds. One timer at a time. */
void cw_acme_polled_later(struct cw_acme_polled *polled, int64_t delay, cw_timer_callback on_due);

/* Call this when all objects are added. The round ends when all are settled, by themselves or by
 * time_out(). */
void cw_acme_round_begun(struct cw_acme_round *round);
/* Cancels everything in flight. */
void cw_acme_round_stop(struct cw_acme_round *round);

#endif
