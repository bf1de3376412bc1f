/* OCSP responses for servers to staple: live/NAME/ocsp.der. */
#ifndef CW_FLOW_AGENT_STAPLE_H
#define CW_FLOW_AGENT_STAPLE_H

#include <stdint.h>
#include "base/buf.h"
#include "flow/context.h"

/* Checks RESPONSE (in DER) for the lineage NAME and saves it. *NEXT is when to fetch another one:
 * in the middle of the time that is left. */
int cw_staple_save(const struct cw_context *context, const char *name,
		   const struct cw_buf *response, int64_t *next, struct cw_error *error);
/* When the certificate in PATH has a responder that gave no response: when to ask again; 0: it has
 * none. */
int64_t cw_staple_retry(const char *path);

#endif
