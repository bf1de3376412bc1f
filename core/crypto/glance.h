/*
 * A glance at a certificate: what deciding about its renewal needs, and no more. Decoding a whole
 * one costs twenty times as much, most of it for the public key, which counts where there are ten
 * thousand.
 */
#ifndef CW_CRYPTO_GLANCE_H
#define CW_CRYPTO_GLANCE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"

struct cw_glance {
	int64_t not_before; /* seconds since the epoch */
	int64_t not_after;
	char *ari_id;   /* cw_certificate_ari_id(); NULL: none, or not wanted */
	char *ocsp_url; /* cw_certificate_ocsp_url(); NULL: none */
};

/* Looks at the first certificate in the file PATH. */
int cw_glance(const char *path, bool with_ari_id, struct cw_glance *glance, struct cw_error *error);
#define cw_auto_glance cw_auto(cw_glance_clear)
void cw_glance_clear(struct cw_glance *glance);

#endif
