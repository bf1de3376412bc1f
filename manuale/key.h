/* Keys, certificates and certificate requests in PEM, and digests. */
#ifndef MANUALE_KEY_H
#define MANUALE_KEY_H

#include <openssl/x509.h>
#include <stdbool.h>

/* A new RSA key; release with free(). */
char *key_new_rsa(int bits);
/* Ends the program if PEM is not a private key. WHAT names it: "the key in \"x\"". */
void key_check(const char *pem, const char *what);
/* The bits of an RSA key, or of that of a certificate; 0: it is not one. */
int key_rsa_size(const char *pem);
/* Ends the program if PEM is not a certificate. PATH is its file. */
void certificate_check(const char *pem, const char *path);
bool certificate_must_staple(const char *pem);
/* NULL: PEM is not a certificate request. Release with X509_REQ_free(). */
X509_REQ *request_read(const char *pem);
/* Whether two texts in PEM have the same public key. Each is a private key, a certificate or a
 * certificate request. */
bool key_is_same(const char *a, const char *b);

/* The SHA-256 digest of a text in hexadecimal; release with free(). */
char *sha256_of(const char *text);

#endif
