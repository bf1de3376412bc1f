/*
 * Opening orders. This header is private to these files: open.c manages all openings. open_new.c
 * requests a new order. open_continued.c fetches an order of an earlier run. open_authorizations.c
 * fetches the authorizations.
 */
#ifndef CW_ACME_OPENING_H
#define CW_ACME_OPENING_H

#include "acme/internal.h"

struct cw_acme_fetch; /* fetches one authorization */

/* One order that is being opened. */
struct cw_acme_opening {
	struct cw_acme_open_session *session;
	struct cw_acme_order *order;
	struct cw_acme_call *call;
	struct cw_strv urls; /* of the authorizations that are still to be fetched */
	struct cw_acme_fetch *fetches;
	size_t fetch_count;
	size_t fetches_left;
	bool waits; /* waits for cw_acme_order_go_on() */
};

/*
 * All openings of one operation. Authorizations are fetched only when no request for an order is in
 * flight. Pebble 2.4 can lock up if it gets requests for an order and for an authorization at the
 * same time. This costs no time, because all orders are requested in parallel.
 */
struct cw_acme_open_session {
	struct cw_acme_operation operation;
	cw_acme_created created; /* may be NULL */
	struct cw_acme_opening *openings;
	size_t count;
	size_t orders_left; /* orders that the server has not answered yet */
};

/* Each of these two sends the request for the opening's order. The answer decides what comes
 * next. */
void cw_acme_opening_request_new(struct cw_acme_opening *opening);
void cw_acme_opening_request_old(struct cw_acme_opening *opening);
/* Call this when the server has answered for one order. After the last order, the authorizations
 * are fetched. */
void cw_acme_open_answered(struct cw_acme_open_session *session);

/* Fetches the authorizations at opening->urls. Adds them to the order when all are there. */
void cw_acme_opening_fetch(struct cw_acme_opening *opening);
/* Cancels the fetches and clears the list of URLs. */
void cw_acme_opening_drop_fetches(struct cw_acme_opening *opening);

/* Ends the opening. ERROR becomes the order's error. */
void cw_acme_opening_fail(struct cw_acme_opening *opening, struct cw_error *error);
/* Gives up on the order to continue, for the reason WHY, and requests a new one. */
void cw_acme_opening_make_anew(struct cw_acme_opening *opening, const char *why);

#endif
