/*
 * Opening orders, as its files share it: open.c looks after all of them, open_new.c asks for a new
 * order, open_continued.c for one from an earlier run, open_authorizations.c fetches what belongs
 * to it. Private to those.
 */
#ifndef CW_ACME_OPENING_H
#define CW_ACME_OPENING_H

#include "acme/internal.h"

struct cw_acme_fetch; /* of one authorization */

/* One order that is being opened. */
struct cw_acme_opening {
	struct cw_acme_open_session *session;
	struct cw_acme_order *order;
	struct cw_acme_call *call;
	struct cw_strv urls; /* of authorizations that wait to be fetched */
	struct cw_acme_fetch *fetches;
	size_t fetch_count;
	size_t fetches_left;
	bool waits; /* for cw_acme_order_go_on() */
};

/*
 * All of them. Authorizations are fetched once no order is being asked for: it costs nothing, as
 * all orders are asked for side by side, and a server (Pebble 2.4) may lock up that is asked for
 * an order and for an authorization at the same time.
 */
struct cw_acme_open_session {
	struct cw_acme_operation operation;
	cw_acme_created created; /* NULL: nobody is told */
	struct cw_acme_opening *openings;
	size_t count;
	size_t orders_left; /* that the server did not answer yet */
};

/* Each of the two asks for the opening's order; what follows is up to the answer. */
void cw_acme_opening_request_new(struct cw_acme_opening *opening);
void cw_acme_opening_request_old(struct cw_acme_opening *opening);
/* The server answered about one order: once none is left the authorizations are fetched. */
void cw_acme_open_answered(struct cw_acme_open_session *session);

/* Fetches the authorizations at opening->urls, and hands them to the order when all are there. */
void cw_acme_opening_fetch(struct cw_acme_opening *opening);
/* Forgets what is being fetched, and the URLs. */
void cw_acme_opening_drop_fetches(struct cw_acme_opening *opening);

/* Ends the opening with ERROR as the order's. */
void cw_acme_opening_fail(struct cw_acme_opening *opening, struct cw_error *error);
/* Gives up on the order that was to be continued, and asks for a new one. */
void cw_acme_opening_make_anew(struct cw_acme_opening *opening, const char *why);

#endif
