/* Calls installers for lineages without a renewal: before lineages are deleted, and after a
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

/* Calls each of the COUNT installers for its lineage, giving it REASON, and has the servers
 * reloaded. Sets DONE for those that succeeded. */
int cw_call_installers(struct cw_context *context, const struct cw_deployed *deployed, size_t count,
		       enum cw_reason reason, bool *done, struct cw_error *error);

#endif
