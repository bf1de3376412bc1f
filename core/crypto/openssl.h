/* What the files of crypto/ share around OpenSSL; for no other folder. */
#ifndef CW_CRYPTO_OPENSSL_H
#define CW_CRYPTO_OPENSSL_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/error.h"
#include "crypto/key.h"

/* A curve by its names: SEC 2 (ours), OpenSSL's, RFC 7518 section 6.2.1.1; with what goes with it
 * in a JWS (section 3.1). */
struct cw_curve {
	const char *name;
	const char *openssl_name;
	const char *jwk_name;
	const char *algorithm;
	const char *digest;
	int size; /* bytes of a coordinate, and of R and S of a signature */
};
extern const struct cw_curve cw_curves[];
extern const size_t cw_curve_count;
/* The curve of an EC key; NULL for RSA and for curves that the table lacks. */
const struct cw_curve *cw_curve_of(const EVP_PKEY *evp);

/* As cw_fail(), with ": " and OpenSSL's reason added when it gave one; empties its error queue. */
int cw_fail_openssl(struct cw_error *error, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* POINTER, or the end of the program by cw_nomem() when it is NULL. */
#define cw_need(pointer)                                                                           \
	({                                                                                         \
		__typeof__(pointer) cw_needed_ = (pointer);                                        \
		if (cw_needed_ == NULL)                                                            \
			cw_nomem();                                                                \
		cw_needed_;                                                                        \
	})
/* A BIO that reads the LENGTH bytes at DATA, which must outlive it; NULL when there are too many.
 */
BIO *cw_bio_over(const void *data, size_t length);
/* What a memory BIO holds; release with free() or, for a secret, cw_free_secret(). */
char *cw_bio_take(BIO *bio);
/* Whether DATA begins as DER does, with a SEQUENCE; else it may be PEM. */
bool cw_looks_like_der(const void *data, size_t length);
/* An IP address as GENERAL_NAMEs hold it (4 or 16 bytes); 0: TEXT is none. */
int cw_address_bytes(const char *text, unsigned char bytes[16]);
/* Its inverse (RFC 5952); NULL for another LENGTH. Release with free(). */
char *cw_address_text(const unsigned char *bytes, int length);

#define cw_auto_bio cw_auto(cw_bio_cleanup)
#define cw_auto_bignum cw_auto(cw_bignum_cleanup)
void cw_bio_cleanup(BIO **bio);
void cw_bignum_cleanup(BIGNUM **number); /* wipes */

#endif
