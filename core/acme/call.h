/*
 * A request with all its retries, as the files that carry it share it: transport.c keeps the list
 * of calls and ends them, nonces.c gets nonces for them, exchange.c has them signed and talks to
 * the server, retry.c decides about another attempt, limit.c holds all of them back, stale.c looks
 * after those that found nothing at a URL of an earlier run's directory. Private to those.
 */
#ifndef CW_ACME_CALL_H
#define CW_ACME_CALL_H

#include "acme/internal.h"

enum cw_acme_phase {
	CW_ACME_QUEUED, /* waits for one of the exchanges, or for a nonce */
	CW_ACME_SIGNED, /* waits for the signature */
	CW_ACME_SENT,   /* the request is in flight */
	CW_ACME_WAITS,  /* for a timer: of a back-off, or of a failure to be delivered */
	CW_ACME_WAITS_FOR_DIRECTORY /* that is fetched again */
};

struct cw_acme_call {
	struct cw_acme *acme;
	struct cw_acme_call *previous, *next;
	char *what, *url, *resource, *below, *payload, *accept;
	struct cw_acme_request request; /* its strings are those above */
	struct cw_acme_signer signer;   /* without sign: the client's */
	struct cw_acme_signer asked; /* for the signature that is waited for; without sign: none */
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
	unsigned server_errors;
	int64_t backoff;
	const char *blamed; /* the resource whose URL may be stale */
	char *blamed_url;   /* NULL: it has none */
	struct cw_acme_reply reply;
	struct cw_error error; /* of a failure that the timer delivers */
};

/* Starts as many of the queued calls as may be in flight, and requests for the nonces they lack. */
void cw_acme_pump(struct cw_acme *acme);
/* Ends CALL by calling back, with ERROR or NULL; it is gone then. */
void cw_acme_call_deliver(struct cw_acme_call *call, struct cw_error *error);

/* Keeps NONCE, if it is a usable one (RFC 8555 section 6.5.1; NULL is not). */
bool cw_acme_nonce_keep(struct cw_acme *acme, const char *nonce);
/* The freshest nonce (the oldest are the likeliest that the server forgot), or NULL where there is
 * none; release with free(). */
char *cw_acme_nonce_take(struct cw_acme *acme);
/* Gives the call's nonce, if it has one, back unused. */
void cw_acme_nonce_give_back(struct cw_acme_call *call);
/* Asks for a nonce, for whichever call needs one when it is there; CALL is told of a failure to
 * begin. */
void cw_acme_nonce_fetch(struct cw_acme *acme, struct cw_acme_call *call);
/* Whether now is the time to ask for one: the server may want fewer such requests. */
bool cw_acme_nonce_may_fetch(const struct cw_acme *acme);
void cw_acme_nonce_cancel_all(struct cw_acme *acme);
/* Whether CALL waits for one. */
bool cw_acme_call_needs_nonce(const struct cw_acme_call *call);

/* Starts the call's request, which has its nonce. */
void cw_acme_call_launch(struct cw_acme_call *call);
/* Ends what CALL has in flight without a word. */
void cw_acme_call_break_off(struct cw_acme_call *call);

/* What becomes of a call whose attempt failed with ERROR, by its reply: another attempt or the end.
 */
void cw_acme_call_failed(struct cw_acme_call *call, struct cw_error *error);
/* The same after a badNonce, which is not a failure of the server. */
void cw_acme_call_retry_with_new_nonce(struct cw_acme_call *call, struct cw_error *error);
/* Has the loop decide, at once, by CALLBACK. */
void cw_acme_call_soon(struct cw_acme_call *call, void (*callback)(void *call));
/* Hands a failure to start, which is in call->error, to the loop. */
void cw_acme_call_fail_soon(struct cw_acme_call *call);

/* Whether the reply says that the client asks too much. */
bool cw_acme_limited(const struct cw_acme_reply *reply);
/* How long to wait after such a reply, in milliseconds. */
int64_t cw_acme_limit_pause(struct cw_acme *acme, const struct cw_acme_reply *reply);
/* Holds all calls back for so long. ERROR is what the server said. */
void cw_acme_limit_begin(struct cw_acme *acme, int64_t pause, const struct cw_error *error);
/* Fails those queued calls whose time ends before the pause. */
void cw_acme_limit_refuse_late(struct cw_acme *acme);
/* The server answers as it should. */
void cw_acme_limit_over(struct cw_acme *acme);

/*
 * Whether the failure of CALL, in its reply, may be due to a directory of an earlier run, in which
 * RESOURCE was found (NULL: nothing was). Then the call waits until the directory is fetched again;
 * it is sent again if the resource's URL is another now, else it fails as it would have. ERROR is
 * moved then.
 */
bool cw_acme_directory_blamed(struct cw_acme_call *call, const char *resource,
			      struct cw_error *error);
/* Fails CALL, whose resource the directory does not have; one of an earlier run is fetched first.
 */
void cw_acme_call_lacks_url(struct cw_acme_call *call);
/* The URL of the call's resource as it is now; NULL: there is none. Release with free(). */
char *cw_acme_call_resource_url(const struct cw_acme_call *call);

#endif
