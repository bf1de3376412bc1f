/*
 * Facts about a lineage that are kept between runs and do not fit into Certbot's files.
 * WORK/certwright/lineages/NAME.json has the last failed renewal, until one succeeds, and the
 * certificate that certwright revoked.
 */
#ifndef CW_STORE_MEMORY_H
#define CW_STORE_MEMORY_H

#include "base/error.h"
#include "base/json.h"

/* Remembers that the renewal of NAME failed now, with FAILURE. */
int cw_memory_failed(const char *work, const char *name, const struct cw_error *failure,
		     struct cw_error *error);
/* Remembers that the certificate SERIAL (hexadecimal) of NAME is revoked. */
int cw_memory_revoked(const char *work, const char *name, const char *serial,
		      struct cw_error *error);
/* Forgets both, after NAME was renewed or deleted. */
void cw_memory_forget(const char *work, const char *name);
/* Returns {"last_failure": {"time", "error"}, "revoked": {"time", "serial"}}, each if there is one.
 * NULL if there is nothing or it cannot be read. The caller releases it. */
struct json_object *cw_memory_read(const char *work, const char *name);

#endif
