/* Certificates that sign themselves, for trying out what uses certificates. */
#ifndef CW_CRYPTO_SELF_SIGNED_H
#define CW_CRYPTO_SELF_SIGNED_H

#include "crypto/key.h"

/* A certificate of KEY for the DNS name NAME, valid for DAYS days, in PEM; release *PEM with
 * free(). */
int cw_self_signed(const struct cw_key *key, const char *name, int days, char **pem,
		   struct cw_error *error);

#endif
