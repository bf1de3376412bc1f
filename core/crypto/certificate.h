/* What the files about certificates share; for crypto/ only. */
#ifndef CW_CRYPTO_CERTIFICATE_H
#define CW_CRYPTO_CERTIFICATE_H

#include <openssl/x509.h>
#include "crypto/x509.h"

struct cw_certificate {
	X509 *x509;
};

#define cw_auto_x509 cw_auto(cw_x509_cleanup)
void cw_x509_cleanup(X509 **x509);
/* The certificate in PEM; release with free(). */
char *cw_x509_to_pem(X509 *x509);

enum { CW_CHAIN_MAX = 32 }; /* certificates; a real one has two to five */
struct cw_x509_chain {
	X509 *items[CW_CHAIN_MAX];
	size_t count;
};
#define cw_auto_x509_chain cw_auto(cw_x509_chain_clear)
void cw_x509_chain_clear(struct cw_x509_chain *chain);
/* chain.c: reads a chain in PEM, of one certificate at least. Nothing else may be in it. */
int cw_x509_chain_read(const char *pem, size_t length, struct cw_x509_chain *chain,
		       struct cw_error *error);

#endif
