/* The certificate that answers a tls-alpn-01 challenge (RFC 8737 section 3). */
#ifndef COMMON_ALPN_CERTIFICATE_H
#define COMMON_ALPN_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

/* A key for such certificates (P-256); NULL when the library fails. Release with EVP_PKEY_free().
 */
EVP_PKEY *alpn_key(void);
/*
 * A certificate signed with KEY for IDENTIFIER, of the type "dns", or "ip" (RFC 8738), with the
 * digest of the key authorization (64 hex digits) in its acmeIdentifier extension. NULL when the
 * digest is none or the library fails. Release with X509_free().
 */
X509 *alpn_certificate(EVP_PKEY *key, const char *identifier_type, const char *identifier,
		       const char *digest);

#endif
