/*
 * A summary of a certificate: what deciding about its renewal needs, and no more. Decoding a whole
 * certificate costs twenty times as much, most of it for the public key, which counts where there
 * are ten thousand.
 */
#ifndef CW_CRYPTO_SUMMARY_H
#define CW_CRYPTO_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"

struct cw_certificate_summary {
	int64_t not_before; /* seconds since the epoch */
	int64_t not_after;
	char *ari_id;   /* cw_certificate_ari_id(); NULL: none, or not wanted */
	char *ocsp_url; /* cw_certificate_ocsp_url(); NULL: none */
};

/* Reads it from the first certificate in the file PATH. */
int cw_certificate_summary_read(const char *path, bool with_ari_id,
				struct cw_certificate_summary *summary, struct cw_error *error);
#define cw_auto_certificate_summary cw_auto(cw_certificate_summary_clear)
void cw_certificate_summary_clear(struct cw_certificate_summary *summary);

#endif
