/*
 * A summary of a certificate: what listing it, finding it by its names and deciding about its
 * renewal need. Decoding a whole certificate costs twenty times as much, most of it for the public
 * key, which counts where there are a hundred thousand.
 */
#ifndef CW_CRYPTO_SUMMARY_H
#define CW_CRYPTO_SUMMARY_H

#include <stdint.h>
#include "base/error.h"
#include "base/strv.h"

/* What takes more time than the rest, and is read when it is wanted. */
enum cw_summary_part { CW_SUMMARY_ARI_ID = 1, CW_SUMMARY_NAMES = 2, CW_SUMMARY_ISSUER = 4 };

struct cw_certificate_summary {
	int64_t not_before; /* seconds since the epoch */
	int64_t not_after;
	char *serial;         /* cw_certificate_serial() */
	const char *key_type; /* cw_certificate_key_type() */
	char *ocsp_url;       /* cw_certificate_ocsp_url(); NULL: none */
	char *ari_id;         /* cw_certificate_ari_id(); NULL: none, or not wanted */
	char *issuer;         /* cw_certificate_issuer(); NULL: none, or not wanted */
	struct cw_strv dns;   /* cw_certificate_names(); empty where not wanted */
	struct cw_strv ip;
};

/* Reads it from the first certificate in the file PATH; PARTS: of enum cw_summary_part. */
int cw_certificate_summary_read(const char *path, unsigned parts,
				struct cw_certificate_summary *summary, struct cw_error *error);
#define cw_auto_certificate_summary cw_auto(cw_certificate_summary_clear)
void cw_certificate_summary_clear(struct cw_certificate_summary *summary);

#endif
