/* Certificates that sign themselves: for trying out what uses certificates, and until a CA has
 * issued one. */
#ifndef CW_CRYPTO_SELF_SIGNED_H
#define CW_CRYPTO_SELF_SIGNED_H

#include "base/strv.h"
#include "crypto/key.h"

/* A certificate of KEY for NAMES (DNS names and addresses, at least one), valid from now on for
 * DAYS days, in PEM; release *PEM with free(). */
int cw_self_signed(const struct cw_key *key, const struct cw_strv *names, int days, char **pem,
		   struct cw_error *error);

#endif
