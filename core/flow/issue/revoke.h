/* What all revocations share (RFC 8555 section 7.6). */
#ifndef CW_FLOW_ISSUE_REVOKE_H
#define CW_FLOW_ISSUE_REVOKE_H

#include <stdbool.h>
#include "base/error.h"

/* The code of RFC 5280 section 5.3.1 for a name of --reason; -1: there is none. */
int cw_revocation_reason(const char *name);
/* Whether a CA refused because the certificate had been revoked before. */
bool cw_is_revoked_already(const struct cw_error *error);

#endif
