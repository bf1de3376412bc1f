/* Files of trusted certificates. A certificate is parsed only when it is needed. For http/ only. */
#ifndef CW_HTTP_TRUST_INDEX_H
#define CW_HTTP_TRUST_INDEX_H

#include <openssl/x509.h>
#include <stdbool.h>

/*
 * OpenSSL takes 0.2 ms to parse a certificate. A system trusts 150, and a connection needs one or
 * two of them. So a file is read and decoded at once, but a certificate is parsed and added to the
 * store only when a chain leads to its subject.
 */
struct cw_trust_index;

/* Makes an index that belongs to STORE and is freed with it. */
struct cw_trust_index *cw_trust_index_new(X509_STORE *store);
/* Reads a PEM file. Returns false if nothing in it can be used. The file is not needed
 * afterwards. */
bool cw_trust_index_add(struct cw_trust_index *index, const char *path);

#endif
