/*
 * Validation, as its files share it: validate.c begins and sums up, validate_authorization.c looks
 * after one authorization, validate_order.c after an order that is polled in the place of several.
 * Private to those.
 */
#ifndef CW_ACME_VALIDATE_H
#define CW_ACME_VALIDATE_H

#include "acme/poll.h"

/* One authorization that is being validated. */
struct cw_acme_validation {
	struct cw_acme_polled polled;
	struct cw_acme_watch *watch; /* of its order; NULL: it is polled itself */
	const struct cw_acme_order *order;
	struct cw_acme_authorization *authorization;
	struct cw_error refusal;     /* of the answer, when the CA did not take it */
	struct json_object *problem; /* of an attempt that the CA allows to be repeated */
};

/* An order that is polled in the place of several authorizations. */
struct cw_acme_watch {
	struct cw_acme_polled polled;
	struct cw_acme_order *order;
	struct cw_acme_validation *validations; /* those of the order, side by side */
	size_t count;
	size_t unanswered;
	unsigned polls;
};

/* Answers the chosen challenge, and goes on from there; CONTEXT is a validation. */
void cw_acme_validation_answer(void *context);
/* Polls the authorization until it is settled; CONTEXT is a validation. */
void cw_acme_validation_poll(void *context);
void cw_acme_validation_time_out(void *context);

/* The CA has the answer of one of the order's authorizations, or refused it. Once it has all, the
 * order is polled for those that still have it as their watch. */
void cw_acme_watch_answered(struct cw_acme_watch *watch);
/* Each authorization has a time-out of its own; CONTEXT is a watch. */
void cw_acme_watch_time_out(void *context);

#endif
