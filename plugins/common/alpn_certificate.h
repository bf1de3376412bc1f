/* The certificate that answers a tls-alpn-01 challenge (RFC 8737 section 3). */
#ifndef COMMON_ALPN_CERTIFICATE_H
#define COMMON_ALPN_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

/* Makes a P-256 key for such certificates; NULL if the library fails. Release with
 * EVP_PKEY_free(). */
EVP_PKEY *alpn_key(void);
/*
 * Makes a certificate for IDENTIFIER, of the type "dns" or "ip" (RFC 8738), signed with KEY. Its
 * acmeIdentifier extension has DIGEST, the digest of the key authorization as 64 hex digits. NULL
 * if DIGEST is malformed or the library fails. Release with X509_free().
 */
X509 *alpn_certificate(EVP_PKEY *key, const char *identifier_type, const char *identifier,
		       const char *digest);

#endif
