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

#endif
