/*
 * Signs the requests of acme/. The signer is a separate process that holds the key, or a key in
 * this process. acme/ passes what the JWS must say, and continues when it gets the JWS. It never
 * sees a key.
 */
#ifndef CW_ACME_SIGNER_H
#define CW_ACME_SIGNER_H

#include "base/error.h"
#include "crypto/jws.h"

/* What a JWS must say (RFC 8555 section 6.2). The signer adds "alg", and adds "jwk" if kid is NULL.
 * Valid only during the call of sign(). */
struct cw_acme_to_sign {
	const char *url;
	const char *nonce;
	const char *kid;     /* the account's URL; NULL: the header has the public key */
	const char *payload; /* NULL: the empty payload of POST-as-GET */
};

/* Receives the JWS in flattened JSON serialization, or NULL and the ERROR. Both are valid only
 * during the call. */
typedef void (*cw_acme_signed)(void *context, const char *jws, const struct cw_error *error);

/* A signer is copied by functions that take one. What it points to must outlive the copies. */
struct cw_acme_signer {
	const char *thumbprint; /* of the public key (RFC 7638); for key authorizations */
	/* Has WHAT signed. DONE is called once with DONE_CONTEXT, either directly or later from the
	 * loop. Several signatures may be pending at once, each with its own DONE_CONTEXT. Signing
	 * may take any time: the time limits of requests apply only to the server. */
	void (*sign)(void *context, const struct cw_acme_to_sign *what, cw_acme_signed done,
		     void *done_context);
	/* Cancels the signature with this DONE_CONTEXT: DONE must not be called for it any more.
	 * May be NULL if sign() always calls DONE directly. */
	void (*cancel)(void *context, void *done_context);
	void *context;
};

/* A signer that signs immediately with the key of SIGNER. */
struct cw_acme_signer cw_acme_local_signer(const struct cw_signer *signer);

#endif
