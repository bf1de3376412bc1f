/*
 * Objects of the CA that are polled side by side until each is settled or the time is over.
 * Private to acme/.
 */
#ifndef CW_ACME_POLL_H
#define CW_ACME_POLL_H

#include "acme/internal.h"

/*
 * How long to wait before the next poll. *INTERVAL is 0 before the first: then it starts at the
 * time that an exchange takes, at most 50 ms (nothing where it takes longer, as the server had the
 * time of the way back and forth), and grows by half up to 5 s. A Retry-After holds instead, but
 * the last poll is made a second before DEADLINE whatever it says.
 */
int64_t cw_acme_poll_delay(int64_t *interval, const struct cw_acme_reply *reply, int64_t deadline);

struct cw_acme_round {
	struct cw_acme_operation operation;
	int64_t deadline; /* cw_now_ms() clock */
	struct cw_acme_polled *first, *last;
	struct cw_timer *timer;
};

/* One object of a round: a member of OWNER, which every function that is called back gets. */
struct cw_acme_polled {
	struct cw_acme_round *round;
	struct cw_acme_polled *next;
	void *owner;
	/* For what is not settled by the deadline, and has nothing in flight any more; it must
	 * settle it. */
	void (*time_out)(void *owner);
	int64_t interval; /* for cw_acme_poll_delay() */
	struct cw_acme_call *call;
	cw_acme_callback on_reply;
	struct cw_timer *timer;
	cw_timer_callback on_due;
	bool settled;
};

/* Puts POLLED, which is empty, into ROUND. Both stay where they are until the round is over. */
void cw_acme_polled_add(struct cw_acme_round *round, struct cw_acme_polled *polled,
			void (*time_out)(void *owner), void *owner);
/* Nothing more is to be done about it. */
void cw_acme_polled_settle(struct cw_acme_polled *polled);
/* Starts REQUEST, with the round's deadline as its own; one at a time. */
void cw_acme_polled_ask(struct cw_acme_polled *polled, struct cw_acme_request *request,
			cw_acme_callback on_reply);
/* Calls ON_DUE in DELAY milliseconds; one at a time. */
void cw_acme_polled_later(struct cw_acme_polled *polled, int64_t delay, cw_timer_callback on_due);

/* All is in the round: it ends when all are settled, in time or by time_out(). */
void cw_acme_round_begun(struct cw_acme_round *round);
/* Cancels what is in flight. */
void cw_acme_round_stop(struct cw_acme_round *round);

#endif
