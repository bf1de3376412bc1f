/* PKCS #12 (RFC 7292): a key and its certificates in one encrypted file. */
#ifndef CW_CRYPTO_PKCS12_H
#define CW_CRYPTO_PKCS12_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/key.h"

/*
 * Appends to DER: KEY with the certificates in CHAIN (PEM, that of KEY first), encrypted with
 * PASSWORD (UTF-8) by OpenSSL's default, AES-256 since version 3. NAME: what programs call the key
 * (friendlyName, Java's alias).
 */
int cw_pkcs12_make(const struct cw_key *key, const char *chain, const char *name,
		   const char *password, struct cw_buf *der, struct cw_error *error);

#endif
