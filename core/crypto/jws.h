/*
 * JSON Web Signature (RFC 7515), flattened JSON serialization, as ACME uses it (RFC 8555
 * section 6.2), through a signer: the caller needs no key, only something that signs.
 */
#ifndef CW_CRYPTO_JWS_H
#define CW_CRYPTO_JWS_H

#include <stddef.h>
#include "base/error.h"
#include "base/json.h"

/* Signs with one key. */
struct cw_signer {
	const char *algorithm;   /* "ES256" ... */
	struct json_object *jwk; /* the public key; borrowed */
	const char *thumbprint;  /* RFC 7638; borrowed */
	int (*sign)(void *context, const void *data, size_t length, unsigned char **signature,
		    size_t *signature_length, struct cw_error *error);
	void *context;
};

struct cw_key;
/* A signer over KEY, which must outlive it; release with cw_signer_free(). */
struct cw_signer *cw_signer_from_key(const struct cw_key *key);
void cw_signer_free(struct cw_signer *signer); /* NULL is allowed */

/*
 * The JWS of PAYLOAD (NULL: the empty payload of POST-as-GET, RFC 8555 section 6.3). PROTECTED is
 * the header without "alg", which is added. *JWS is the JSON text; release with free().
 */
int cw_jws_sign(const struct cw_signer *signer, struct json_object *header, const char *payload,
		char **jws, struct cw_error *error);

/*
 * An external account binding (RFC 8555 section 7.3.4): a JWS over the account's public JWK with a
 * MAC key (base64url). ALGORITHM: "HS256", "HS384", "HS512".
 */
int cw_jws_external_account(struct json_object *account_jwk, const char *kid, const char *hmac_key,
			    const char *algorithm, const char *url, struct json_object **binding,
			    struct cw_error *error);

/*
 * The inner JWS of a change of the account's key (RFC 8555 section 7.3.5), signed with the new one:
 * URL is that of the directory's "keyChange". *JWS is the JSON text; release with free().
 */
int cw_jws_key_change(const struct cw_signer *new_signer, struct json_object *old_jwk,
		      const char *account_url, const char *url, char **jws, struct cw_error *error);

#endif
