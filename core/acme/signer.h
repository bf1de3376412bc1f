/*
 * Who signs the requests of acme/: a process of its own that holds the key, or a key that is at
 * hand. acme/ hands over what the JWS must say and goes on when the JWS is there; it sees no key.
 */
#ifndef CW_ACME_SIGNER_H
#define CW_ACME_SIGNER_H

#include "base/error.h"
#include "crypto/jws.h"

/* What a JWS must say (RFC 8555 section 6.2). The signer adds "alg", and "jwk" where there is no
 * KID. Valid during the call of sign() only. */
struct cw_acme_to_sign {
	const char *url;
	const char *nonce;
	const char *kid;     /* the account's URL; NULL: the header has the public key instead */
	const char *payload; /* NULL: the empty payload of POST-as-GET */
};

/* Takes the JWS in its flattened JSON serialization, or NULL with the ERROR why there is none. Both
 * are valid during the call only. */
typedef void (*cw_acme_signed)(void *context, const char *jws, const struct cw_error *error);

/* Copied by those who take one; what it points to must outlive them. */
struct cw_acme_signer {
	const char *thumbprint; /* of the public key (RFC 7638); for key authorizations */
	/* Has WHAT signed. DONE is called once with DONE_CONTEXT: from within, or later from the
	 * loop. Several may be under way at once, each with a DONE_CONTEXT of its own. It may take
	 * as long as it takes: the time limits of requests are for the server. */
	void (*sign)(void *context, const struct cw_acme_to_sign *what, cw_acme_signed done,
		     void *done_context);
	/* DONE must not be called any more for what was asked with this DONE_CONTEXT. NULL: sign()
	 * always calls it from within. */
	void (*cancel)(void *context, void *done_context);
	void *context;
};

/* Signs with SIGNER, at once. */
struct cw_acme_signer cw_acme_local_signer(const struct cw_signer *signer);

#endif
