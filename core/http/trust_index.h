/* Files of trusted certificates, of which only those that are asked for are parsed; for http/
 * only. */
#ifndef CW_HTTP_TRUST_INDEX_H
#define CW_HTTP_TRUST_INDEX_H

#include <openssl/x509.h>
#include <stdbool.h>

/*
 * OpenSSL needs a fifth of a millisecond to parse one certificate, a system trusts 150, and a
 * connection needs one or two. So a file is read and decoded at once, but a certificate becomes one
 * of the store when a chain leads to its subject.
 */
struct cw_trust_index;

/* An index that belongs to STORE and is released with it. */
struct cw_trust_index *cw_trust_index_new(X509_STORE *store);
/* Reads a PEM file; false: nothing in it can be used. Afterwards the file is not needed any more.
 */
bool cw_trust_index_add(struct cw_trust_index *index, const char *path);

#endif
