/* Private and public keys (OpenSSL 3, EVP only), as PEM and as JWK (RFC 7517, RFC 7518). */
#ifndef CW_CRYPTO_KEY_H
#define CW_CRYPTO_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

struct cw_key; /* a private key, or only its public half */

enum cw_key_type { CW_KEY_RSA, CW_KEY_EC };

/* What to generate: for RSA the modulus in bits (2048 to 8192), for EC the curve. */
struct cw_key_spec {
	enum cw_key_type type;
	unsigned rsa_bits;
	const char *curve; /* "secp256r1", "secp384r1", "secp521r1" */
};

int cw_key_generate(const struct cw_key_spec *spec, struct cw_key **key, struct cw_error *error);
void cw_key_free(struct cw_key *key); /* NULL is allowed */
/* The same key once more, to be freed on its own; the secret itself is in memory once. */
struct cw_key *cw_key_share(const struct cw_key *key);
#define cw_auto_key cw_auto(cw_key_cleanup)
void cw_key_cleanup(struct cw_key **key);

/* A private key in PEM (PKCS #8, PKCS #1 or SEC 1), not encrypted. WHAT names it in messages. */
int cw_key_from_pem(const char *pem, size_t length, const char *what, struct cw_key **key,
		    struct cw_error *error);
/* A private key in PEM or DER, as the file PATH has it. */
int cw_key_load(const char *path, struct cw_key **key, struct cw_error *error);
/* PKCS #8 in PEM ("BEGIN PRIVATE KEY"); a secret, release with cw_free_secret(). */
char *cw_key_to_pem(const struct cw_key *key);

/* Appends PKCS #8 in DER, not encrypted; a secret, see cw_buf_wipe(). */
void cw_key_to_der(const struct cw_key *key, struct cw_buf *der);

/* A private JWK, as Certbot's private_key.json: RSA, or EC on P-256, P-384 or P-521. */
int cw_key_from_jwk(struct json_object *jwk, const char *what, struct cw_key **key,
		    struct cw_error *error);
/* Its inverse; the object holds secrets. */
struct json_object *cw_key_to_jwk(const struct cw_key *key);
/* The public half, with the members of RFC 7638 section 3.2 and no others. */
struct json_object *cw_key_public_jwk(const struct cw_key *key);
/* RFC 7638 with SHA-256, base64url; release with free(). */
char *cw_key_thumbprint(const struct cw_key *key);
/* The MD5, in lower-case hex, of the public key as PEM SubjectPublicKeyInfo: Certbot's account
 * id (PEM with its final line end). */
char *cw_key_account_id(const struct cw_key *key);

enum cw_key_type cw_key_type(const struct cw_key *key);
unsigned cw_key_bits(const struct cw_key *key);
/* "secp256r1" ...; NULL for RSA. */
const char *cw_key_curve(const struct cw_key *key);
/* The same public key. */
bool cw_key_equal(const struct cw_key *a, const struct cw_key *b);
/* "ES256", "ES384", "ES512" or "RS256" (RFC 7518 section 3.1). */
const char *cw_key_jws_algorithm(const struct cw_key *key);
/* A JWS signature: R || S for EC (RFC 7518 section 3.4), PKCS #1 v1.5 for RSA; *SIGNATURE is to be
 * released with free(). */
int cw_key_sign_jws(const struct cw_key *key, const void *data, size_t length,
		    unsigned char **signature, size_t *signature_length, struct cw_error *error);

/* Whether DATA has a private key in PEM, of any type, also an encrypted one. */
bool cw_pem_has_private_key(const void *data, size_t length);

/* The EVP_PKEY beneath, for the other files of crypto/ only; not to be released. */
struct evp_pkey_st *cw_key_evp(const struct cw_key *key);
struct cw_key *cw_key_wrap(struct evp_pkey_st *evp); /* takes EVP */

#endif
