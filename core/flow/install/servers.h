/* Servers that get new certificates after renewals. */
#ifndef CW_FLOW_INSTALL_SERVERS_H
#define CW_FLOW_INSTALL_SERVERS_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "flow/work/jobs.h"

/* Calls FUNCTION for each server with those of the REQUESTS that it belongs to: requests that were
 * saved and have the same installer with the same options. */
typedef void (*cw_server_function)(void *context, struct cw_request **members, size_t count);
void cw_for_each_server(struct cw_request *const *requests, size_t count,
			cw_server_function function, void *context);
/* Brings the server of REQUESTS up to date with the installation of each (NULL: it only needs the
 * reload), and reloads it once. Sets their errors. */
void cw_update_server(struct cw_context *context, struct cw_request **requests, size_t count);
/*
 * After renewals: has the servers of the REQUESTS that were saved use the new certificates. The
 * installers hear of those lineages for which a renewal is owed (owed.h). What was done is not owed
 * any more. The requests for which it failed get the error, in their results too, and FAILED is
 * called for each.
 */
void cw_update_servers(struct cw_context *context, struct cw_request *const *requests, size_t count,
		       cw_request_done failed, void *failed_context);

#endif
