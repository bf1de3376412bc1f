/*
 * Validation. This header is private to these files: validate.c starts it and sums up the results.
 * validate_authorization.c validates one authorization. validate_order.c polls an order instead of
 * its several authorizations.
 */
#ifndef CW_ACME_VALIDATE_H
#define CW_ACME_VALIDATE_H

#include "acme/poll.h"

/* One authorization that is being validated. */
struct cw_acme_validation {
	struct cw_acme_polled polled;
	/* its order's watch; NULL: the authorization itself is polled */
	struct cw_acme_watch *watch;
	const struct cw_acme_order *order;
	struct cw_acme_authorization *authorization;
	struct cw_error refusal;     /* set if the CA refused the answer to the challenge */
	struct json_object *problem; /* of an attempt that the CA lets us repeat */
};

/* An order that is polled instead of its several authorizations. */
struct cw_acme_watch {
	struct cw_acme_polled polled;
	struct cw_acme_order *order;
	/* the order's validations, one after the other in memory */
	struct cw_acme_validation *validations;
	size_t count;
	size_t unanswered;
	unsigned polls;
};

/* Answers the chosen challenge and continues from there. CONTEXT is a validation. */
void cw_acme_validation_answer(void *context);
/* Polls the authorization until it is settled. CONTEXT is a validation. */
void cw_acme_validation_poll(void *context);
void cw_acme_validation_time_out(void *context);

/* Call this when the CA has accepted or refused the answer for one of the order's
 * authorizations. When that has happened for all of them, the order is polled for those that
 * still have this watch. */
void cw_acme_watch_answered(struct cw_acme_watch *watch);
/* Settles only the watch: each authorization has its own time-out. CONTEXT is a watch. */
void cw_acme_watch_time_out(void *context);

#endif
