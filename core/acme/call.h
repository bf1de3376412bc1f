/*
 * A request with all its retries, as the files that carry it share it: transport.c keeps the list
 * of calls and ends them, nonces.c hands out nonces, retry.c decides about another attempt,
 * exchange.c talks to the server. Private to those.
 */
#ifndef CW_ACME_CALL_H
#define CW_ACME_CALL_H

#include "acme/internal.h"

enum cw_acme_phase {
	CW_ACME_QUEUED,        /* waits for one of the exchanges */
	CW_ACME_FETCHES_NONCE, /* HEAD newNonce is in flight */
	CW_ACME_SENT,          /* the request itself is in flight */
	CW_ACME_WAITS          /* for a timer: of a back-off, or of a failure to be delivered */
};

struct cw_acme_call {
	struct cw_acme *acme;
	struct cw_acme_call *previous, *next;
	char *what, *url, *payload, *accept;
	struct cw_acme_request request; /* its strings are those above */
	cw_acme_callback callback;
	void *context;
	enum cw_acme_phase phase;
	struct cw_http_exchange *exchange;
	struct cw_timer *timer;
	char *nonce;
	int64_t deadline;
	int64_t started, sent_at;
	unsigned retries_left;
	unsigned bad_nonces;
	int64_t backoff;
	struct cw_acme_reply reply;
	struct cw_error error; /* of a failure that the timer delivers */
};

/* Starts as many of the queued calls as may be in flight. */
void cw_acme_pump(struct cw_acme *acme);
/* Ends CALL by calling back, with ERROR or NULL; it is gone then. */
void cw_acme_call_deliver(struct cw_acme_call *call, struct cw_error *error);

/* Keeps the answer's Replay-Nonce, if it has a usable one (RFC 8555 section 6.5.1). */
void cw_acme_nonce_keep(struct cw_acme *acme, const struct cw_http_answer *answer);
/* The freshest nonce (the oldest are the likeliest that the server forgot), or NULL where there is
 * none; release with free(). */
char *cw_acme_nonce_take(struct cw_acme *acme);

/* Starts the call's request, or that for the nonce which it needs first. */
void cw_acme_call_launch(struct cw_acme_call *call);

/* Sends again after a while, or delivers ERROR where no attempt is left, where the time is over,
 * or where the request may not be sent twice. */
void cw_acme_call_retry(struct cw_acme_call *call, struct cw_error *error);
/* The same when no answer came that can be read. */
void cw_acme_call_unanswered(struct cw_acme_call *call, struct cw_error *error);
/* The same after a badNonce, which is no failure of the server. */
void cw_acme_call_retry_with_new_nonce(struct cw_acme_call *call, struct cw_error *error);
/* Hands a failure to start, which is in call->error, to the loop. */
void cw_acme_call_fail_soon(struct cw_acme_call *call);

#endif
