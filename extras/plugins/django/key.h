/* The RSA key that proves to the application of one name who asks. */
#ifndef DJANGO_KEY_H
#define DJANGO_KEY_H

#include <certwright/plugin.h>
#include <openssl/evp.h>

struct key {
	EVP_PKEY *pair;
	char *public_text; /* PEM, as the application wants it */
	char *public_path; /* the file that has this text */
	int is_new;        /* made just now: the application does not know it */
};

/*
 * Reads the key for NAME from the folder of keys. If there is none and MAY_MAKE, makes it, with the
 * file of its public half beside it. CW_OK, or fails through the host. KEY, which was all zeros, is
 * to be cleared in either case.
 */
int key_find(const struct cw_host *host, const char *name, int may_make, struct key *key);
void key_clear(struct key *key);

#endif
