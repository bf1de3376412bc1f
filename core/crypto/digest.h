/* Digests (OpenSSL 3, EVP only). */
#ifndef CW_CRYPTO_DIGEST_H
#define CW_CRYPTO_DIGEST_H

#include <stddef.h>

#define CW_SHA256_LENGTH 32

/* The SHA-256 (FIPS 180-4) of LENGTH bytes. */
void cw_sha256(const void *data, size_t length, unsigned char digest[CW_SHA256_LENGTH]);
/* The same as 64 lower-case hex digits; release with free(). */
char *cw_sha256_hex(const void *data, size_t length);

#endif
