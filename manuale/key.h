/* Private keys in PEM, and digests. */
#ifndef MANUALE_KEY_H
#define MANUALE_KEY_H

#include <stdbool.h>

/* A new RSA key; release with free(). */
char *key_new_rsa(int bits);
/* Ends the program if PEM is not a private key. WHAT names it: "the key in \"x\"". */
void key_check(const char *pem, const char *what);
/* The bits of an RSA key; 0: it is not one. */
int key_rsa_size(const char *pem);
/* Whether the key is that of the certificate in PEM. */
bool key_is_of(const char *pem, const char *certificate);

/* The SHA-256 digest of a text in hexadecimal; release with free(). */
char *sha256_of(const char *text);

#endif
