/* Removes certificates from servers before they are deleted. */
#ifndef CW_FLOW_INSTALL_UNDEPLOY_H
#define CW_FLOW_INSTALL_UNDEPLOY_H

#include "flow/context.h"
#include "store/lineage.h"

/*
 * Has the installers that have the certificates of COUNT lineages remove them from their servers,
 * if the user agrees (--remove-from-servers, or an answer). Otherwise, and for installers that
 * cannot remove any, says which installer still has which certificate. RESULT gets "undeployed" and
 * "still_deployed", arrays of {"name", "installer"}. If it fails, nothing should be deleted.
 */
int cw_undeploy(struct cw_context *context, struct cw_lineage *const *lineages, size_t count,
		struct json_object *result, struct cw_error *error);

#endif
