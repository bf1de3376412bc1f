/*
 * Signed requests in flight (RFC 8555 section 6): nonces, retries, problem documents. Private to
 * acme/.
 *
 * At most CW_ACME_IN_FLIGHT exchanges run at once; further calls wait for their turn.
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
	const char *what;     /* "the new order": for messages */
	const char *url;      /* NULL: that of RESOURCE */
	const char *resource; /* the directory's name for it: "newOrder" */
	const char *below;    /* to be added to the resource's URL; NULL: nothing */
	bool pinned;         /* the payload has the resource's URL and cannot be used for another */
	bool plain;          /* an unsigned GET */
	bool quiet;          /* one of very many: logged only when it fails */
	const char *payload; /* NULL: POST-as-GET */
	const struct cw_acme_signer *signer; /* copied; NULL: the client's */
	bool with_jwk; /* the header has the public key instead of the account's URL */
	const char *accept;
	enum cw_acme_expect expect;
	bool links;             /* collect Link rel="alternate" */
	bool once;              /* do not send again what may have reached the server */
	unsigned retries;       /* after 5xx and broken connections; 0: 6 */
	unsigned server_errors; /* 5xx answers that end the call; 0: only RETRIES counts */
	int64_t deadline; /* cw_now_ms() clock; no retry begins later; 0: the client's time limit */
};

/* What a call came to. Everything in it is owned by it. */
struct cw_acme_reply {
	int status;               /* of HTTP; 0: no answer came */
	struct json_object *body; /* the JSON, also of a problem; NULL: none */
	struct cw_buf content;    /* with CW_ACME_EXPECT_ANY */
	char *location;           /* the Location header as it came; NULL: none */
	struct cw_strv alternates;
	int64_t retry_after; /* milliseconds; -1: not said */
	int64_t elapsed;     /* milliseconds that the last exchange took */
	bool resent;         /* an earlier attempt may have reached the server; also after a
				badNonce */
};

/*
 * The end of a call. ERROR is NULL when the server answered 2xx as expected. Both are valid during
 * the call only; their contents may be taken.
 */
typedef void (*cw_acme_callback)(void *context, struct cw_acme_reply *reply,
				 struct cw_error *error);

/* Starts a call; CALLBACK comes from the loop, never from within. */
struct cw_acme_call *cw_acme_call_start(struct cw_acme *acme, const struct cw_acme_request *request,
					cw_acme_callback callback, void *context);
/* Ends a call without a call back; NULL is allowed. */
void cw_acme_call_cancel(struct cw_acme_call *call);
#define cw_auto_reply cw_auto(cw_acme_reply_clear)
void cw_acme_reply_clear(struct cw_acme_reply *reply);

#endif
