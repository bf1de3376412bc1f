/* Servers that get new certificates after renewals. */
#ifndef CW_FLOW_INSTALL_SERVERS_H
#define CW_FLOW_INSTALL_SERVERS_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "flow/work/jobs.h"

/*
 * After renewals: has the servers of the REQUESTS that were saved use the new certificates. The
 * installers hear of those lineages for which a renewal is owed (owed.h); then each server is
 * reloaded, once for each installer with the same options. What was done is not owed any more. The
 * requests for which it failed get the error, in their results too, and FAILED is called for each.
 */
void cw_update_servers(struct cw_context *context, struct cw_request *const *requests, size_t count,
		       cw_request_done failed, void *failed_context);
/* The same for any reason, for REQUESTS that share an installer and its options, each with its
 * installation (NULL: only a reload). Their errors are set. */
void cw_update_server(struct cw_context *context, struct cw_request **requests, size_t count);

#endif
