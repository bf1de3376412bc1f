/* Self-signed certificates of the agent, which stand in for those of a CA. */
#ifndef CW_FLOW_AGENT_STAND_IN_H
#define CW_FLOW_AGENT_STAND_IN_H

#include <stdint.h>
#include "crypto/key.h"
#include "flow/agent/config.h"

/* How long before it expires one is replaced by another, in seconds. */
#define CW_STAND_IN_RENEWED INT64_C(864000)

/* One for MANAGED's names, in PEM; release *PEM with free(). KEY NULL: with a new key, *PRIVATE_KEY
 * in PEM, which the caller overwrites and releases. */
int cw_stand_in_make(const struct cw_managed *managed, const struct cw_key *key, char **pem,
		     char **private_key, struct cw_error *error);
/* When one that was made at NOW is to be replaced. */
int64_t cw_stand_in_check(int64_t now);

#endif
