/* Lineages that installers are called for without a renewal: before they are deleted, and after a
 * rollback. */
#ifndef CW_FLOW_INSTALL_REDEPLOY_H
#define CW_FLOW_INSTALL_REDEPLOY_H

#include "flow/context.h"
#include "store/lineage.h"

/* A lineage with an installer that has its certificate. */
struct cw_deployed {
	char *lineage;
	char *installer;
};

/* Has each of COUNT installers be called for its lineage for REASON, and the servers reloaded. The
 * ones that succeeded are marked in DONE. */
int cw_call_installers(struct cw_context *context, const struct cw_deployed *deployed, size_t count,
		       enum cw_reason reason, bool *done, struct cw_error *error);

#endif
