/* Names of requests and certificates (RFC 5280 section 4.2.1.6); for crypto/ only. */
#ifndef CW_CRYPTO_NAMES_H
#define CW_CRYPTO_NAMES_H

#include <openssl/x509v3.h>
#include <stdbool.h>
#include "base/error.h"
#include "base/strv.h"

void cw_names_cleanup(GENERAL_NAMES **names);
/* Adds a name; CW_E_INVALID if NAME cannot be in a certificate. */
int cw_names_add_dns(GENERAL_NAMES *names, const char *name, struct cw_error *error);
int cw_names_add_address(GENERAL_NAMES *names, const char *address, struct cw_error *error);
/* Adds the DNS names (lower-case) and addresses among NAMES (may be NULL), each once. */
void cw_names_read(const GENERAL_NAMES *names, struct cw_strv *dns_names,
		   struct cw_strv *ip_addresses);
/* Moves the common name of SUBJECT to the front of DNS_NAMES when it is among them. */
void cw_names_put_common_name_first(const X509_NAME *subject, struct cw_strv *dns_names);
/* Adds NAME to the vector that it belongs in. */
void cw_names_sort_in(const char *name, struct cw_strv *dns_names, struct cw_strv *ip_addresses);
/* The last common name as UTF-8, NULL when there is none; release with free(). */
char *cw_common_name(const X509_NAME *name);
/* cw_certificate_issuer() of this name. */
char *cw_issuer_text(const X509_NAME *name);
/* An extension over the LENGTH bytes of DER at VALUE; NULL without memory. */
X509_EXTENSION *cw_extension(int nid, bool critical, const unsigned char *value, int length);

#endif
