/*
 * Sends signed requests (RFC 8555 section 6): nonces, retries, problem documents. Private to acme/.
 *
 * At most CW_ACME_IN_FLIGHT exchanges run at once. Further calls wait for their turn.
 */
#ifndef CW_ACME_TRANSPORT_H
#define CW_ACME_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "acme/signer.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/strv.h"

enum { CW_ACME_IN_FLIGHT = 100 };

struct cw_acme;
struct cw_acme_call; /* a request with all its retries */

enum cw_acme_expect {
	CW_ACME_EXPECT_OBJECT, /* a JSON object; anything else is CW_E_PROTOCOL */
	CW_ACME_EXPECT_ANY     /* any body, left in reply.content */
};

/* All strings are copied. */
struct cw_acme_request {
	const char *what;     /* for messages: "the new order" */
	const char *url;      /* NULL: use resource */
	const char *resource; /* its name in the directory: "newOrder" */
	const char *below;    /* added to the resource's URL; NULL: nothing */
	/* the payload contains the resource's URL, so it cannot be sent to another URL */
	bool pinned;
	bool plain;          /* an unsigned GET */
	bool quiet;          /* one of very many requests: logged only if it fails */
	const char *payload; /* NULL: POST-as-GET */
	const struct cw_acme_signer *signer; /* copied; NULL: the client's signer */
	bool with_jwk; /* the header has the public key instead of the account's URL */
	const char *accept;
	enum cw_acme_expect expect;
	bool links;             /* collect Link rel="alternate" */
	bool once;              /* do not send it again if it may have reached the server */
	unsigned retries;       /* how often to retry after 5xx and broken connections; 0: 6 */
	unsigned server_errors; /* this many 5xx answers end the call; 0: only retries counts */
	/* cw_now_ms() clock; no retry starts after it; 0: the client's time limit */
	int64_t deadline;
};

/* The result of a call. It owns everything in it. */
struct cw_acme_reply {
	int status;               /* HTTP status; 0: no answer */
	struct json_object *body; /* the JSON, also if it is a problem document; NULL: none */
	struct cw_buf content;    /* with CW_ACME_EXPECT_ANY */
	char *location;           /* the Location header as it came; NULL: none */
	struct cw_strv alternates;
	int64_t retry_after; /* milliseconds; -1: the server did not say */
	int64_t elapsed;     /* milliseconds that the last exchange took */
	/* an earlier attempt may have reached the server; also true after badNonce */
	bool resent;
};

/*
 * Called when a call ends. ERROR is NULL if the server answered 2xx as expected. Both pointers are
 * valid only during the call; the callee may take their contents.
 */
typedef void (*cw_acme_callback)(void *context, struct cw_acme_reply *reply,
				 struct cw_error *error);

/* Starts a call. CALLBACK is called from the loop, never directly. */
struct cw_acme_call *cw_acme_call_start(struct cw_acme *acme, const struct cw_acme_request *request,
					cw_acme_callback callback, void *context);
/* Cancels a call. Its callback is not called. NULL is allowed. */
void cw_acme_call_cancel(struct cw_acme_call *call);
#define cw_auto_reply cw_auto(cw_acme_reply_clear)
void cw_acme_reply_clear(struct cw_acme_reply *reply);

#endif
