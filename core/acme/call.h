/*
 * A call: one request with all its retries. This header is private to the files that carry out
 * calls: transport.c keeps the list of calls and ends them. nonces.c gets nonces. exchange.c has
 * requests signed and sends them. retry.c decides whether to try again. limit.c delays all calls if
 * the server asks for that. stale.c handles "not found" at a URL of an earlier run's directory.
 */
#ifndef CW_ACME_CALL_H
#define CW_ACME_CALL_H

#include "acme/internal.h"

enum cw_acme_phase {
	CW_ACME_QUEUED,             /* waits for a free exchange, or for a nonce */
	CW_ACME_SIGNED,             /* waits for the signature */
	CW_ACME_SENT,               /* the request is in flight */
	CW_ACME_WAITS,              /* waits for a timer: to retry, or to deliver an error */
	CW_ACME_WAITS_FOR_DIRECTORY /* waits until the directory is fetched again */
};

struct cw_acme_call {
	struct cw_acme *acme;
	struct cw_acme_call *previous, *next;
	char *what, *url, *resource, *below, *payload, *accept;
	struct cw_acme_request request; /* points to the strings above */
	struct cw_acme_signer signer;   /* if sign is NULL: the client's signer is used */
	/* The signer that was asked for the pending signature. If sign is NULL: none was asked. */
	struct cw_acme_signer asked;
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
	const char *blamed; /* the resource whose URL may be out of date */
	char *blamed_url;   /* NULL: the resource has no URL */
	struct cw_acme_reply reply;
	struct cw_error error; /* the error that the timer delivers */
};

/* Starts queued calls, up to the limit of exchanges, and asks for the nonces that they lack. */
void cw_acme_pump(struct cw_acme *acme);
/* Ends CALL: calls its callback with ERROR (NULL: success) and frees it. */
void cw_acme_call_deliver(struct cw_acme_call *call, struct cw_error *error);

/* Keeps NONCE for later if it is valid (RFC 8555 section 6.5.1). NULL is not valid. */
bool cw_acme_nonce_keep(struct cw_acme *acme, const char *nonce);
/* Returns the newest nonce, or NULL if there is none. The server is most likely to have forgotten
 * the oldest ones. Release with free(). */
char *cw_acme_nonce_take(struct cw_acme *acme);
/* Returns the call's unused nonce, if it has one, to the pool. */
void cw_acme_nonce_give_back(struct cw_acme_call *call);
/* Asks the server for a nonce. The first call that needs a nonce gets it. If the request cannot be
 * started, CALL gets the error. */
void cw_acme_nonce_fetch(struct cw_acme *acme, struct cw_acme_call *call);
/* Whether a nonce may be requested now. The server can ask for fewer such requests. */
bool cw_acme_nonce_may_fetch(const struct cw_acme *acme);
void cw_acme_nonce_cancel_all(struct cw_acme *acme);
/* Whether CALL waits for a nonce. */
bool cw_acme_call_needs_nonce(const struct cw_acme_call *call);

/* Starts the call's request. The call must have a nonce. */
void cw_acme_call_launch(struct cw_acme_call *call);
/* Cancels what CALL has in flight, without calling its callback. */
void cw_acme_call_break_off(struct cw_acme_call *call);
/* Counts a request that has ended. ANSWER NULL: there was none. */
void cw_acme_count_end(struct cw_acme *acme, const struct cw_http_answer *answer);

/* An attempt of CALL failed with ERROR. Decides from the reply whether to try again or to end the
 * call. */
void cw_acme_call_failed(struct cw_acme_call *call, struct cw_error *error);
/* The same after badNonce, which does not count as a failure of the server. */
void cw_acme_call_retry_with_new_nonce(struct cw_acme_call *call, struct cw_error *error);
/* Calls CALLBACK from the loop as soon as possible. */
void cw_acme_call_soon(struct cw_acme_call *call, void (*callback)(void *call));
/* Delivers call->error from the loop. For a call that could not be started. */
void cw_acme_call_fail_soon(struct cw_acme_call *call);

/* Whether the reply says that the client sends too many requests. */
bool cw_acme_limited(const struct cw_acme_reply *reply);
/* How long to wait after such a reply, in milliseconds. */
int64_t cw_acme_limit_pause(struct cw_acme *acme, const struct cw_acme_reply *reply);
/* Delays all calls by PAUSE milliseconds. ERROR is what the server said. */
void cw_acme_limit_begin(struct cw_acme *acme, int64_t pause, const struct cw_error *error);
/* Fails the queued calls whose deadline is before the end of the pause. */
void cw_acme_limit_refuse_late(struct cw_acme *acme);
/* Call this when the server answers normally again. */
void cw_acme_limit_over(struct cw_acme *acme);

/*
 * Whether CALL may have failed because the directory is from an earlier run. RESOURCE is the
 * resource of that directory that the call used (NULL: none). If so, ERROR is moved, and the call
 * waits until the directory is fetched again. If the resource then has a different URL, the call is
 * sent again. Otherwise it fails with ERROR.
 */
bool cw_acme_directory_blamed(struct cw_acme_call *call, const char *resource,
			      struct cw_error *error);
/* Fails CALL because the directory does not have its resource. A directory from an earlier run is
 * fetched again first. */
void cw_acme_call_lacks_url(struct cw_acme_call *call);
/* Returns the current URL of the call's resource, or NULL if there is none. Release with free(). */
char *cw_acme_call_resource_url(const struct cw_acme_call *call);

#endif
