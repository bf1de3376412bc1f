/* Certificates and chains (RFC 5280). */
#ifndef CW_CRYPTO_X509_H
#define CW_CRYPTO_X509_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"

struct cw_key;

struct cw_certificate; /* one certificate */

/* The first certificate in PEM. WHAT names it in messages. */
int cw_certificate_from_pem(const char *pem, size_t length, const char *what,
			    struct cw_certificate **certificate, struct cw_error *error);
int cw_certificate_load(const char *path, struct cw_certificate **certificate,
			struct cw_error *error);
void cw_certificate_free(struct cw_certificate *certificate); /* NULL is allowed */
#define cw_auto_certificate cw_auto(cw_certificate_cleanup)
void cw_certificate_cleanup(struct cw_certificate **certificate);

/* DNS names (the common name first when it is one of them), and addresses (RFC 5952 form). */
void cw_certificate_names(const struct cw_certificate *certificate, struct cw_strv *dns_names,
			  struct cw_strv *ip_addresses);
int64_t cw_certificate_not_before(const struct cw_certificate *certificate);
int64_t cw_certificate_not_after(const struct cw_certificate *certificate);
/* Lower-case hex without leading zeros, as Certbot prints it; release with free(). */
char *cw_certificate_serial(const struct cw_certificate *certificate);
/* "RSA" or "ECDSA" by its public key. */
const char *cw_certificate_key_type(const struct cw_certificate *certificate);
/* The identifier of RFC 9773 section 4.1: base64url(AKI keyIdentifier) "." base64url(serial);
 * NULL when there is no authority key identifier. */
char *cw_certificate_ari_id(const struct cw_certificate *certificate);
/* Who issued it, for people: its organization and common name, "Let's Encrypt R11"; NULL when it
 * has neither. Release with free(). */
char *cw_certificate_issuer(const struct cw_certificate *certificate);
/* The OCSP responder's URL, NULL when there is none; release with free(). */
char *cw_certificate_ocsp_url(const struct cw_certificate *certificate);
/* The DER bytes, base64url, as revokeCert wants them (RFC 8555 section 7.6). */
char *cw_certificate_base64url(const struct cw_certificate *certificate);
/* Appends the DER bytes. */
void cw_certificate_to_der(const struct cw_certificate *certificate, struct cw_buf *der);
bool cw_certificate_has_key(const struct cw_certificate *certificate, const struct cw_key *key);
/* Whether CHILD's signature was made with ISSUER's key. */
bool cw_certificate_signed_by(const struct cw_certificate *child,
			      const struct cw_certificate *issuer);

/*
 * Splits a downloaded chain (application/pem-certificate-chain, RFC 8555 section 9.1) into the
 * leaf and the rest, each certificate rewritten in canonical PEM, and checks that every one is
 * signed by the next. *LEAF and *CHAIN are to be released with free(); *CERTIFICATE is the leaf,
 * decoded (CERTIFICATE NULL: not wanted).
 */
int cw_chain_split(const char *pem, size_t length, char **leaf, char **chain,
		   struct cw_certificate **certificate, struct cw_error *error);
/* The issuer common name of the chain's last certificate (--preferred-chain), NULL: none. */
char *cw_chain_topmost_issuer(const char *pem, size_t length);

#endif
