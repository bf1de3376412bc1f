/* Updates servers after renewals. */
#ifndef CW_FLOW_INSTALL_SERVERS_H
#define CW_FLOW_INSTALL_SERVERS_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "flow/work/jobs.h"

/* Calls FUNCTION for each server with the requests that belong to it. These were saved, and have
 * the same installer with the same options. */
typedef void (*cw_server_function)(void *context, struct cw_request **members, size_t count);
void cw_for_each_server(struct cw_request *const *requests, size_t count,
			cw_server_function function, void *context);
/* Updates the server of REQUESTS with the installation of each, and reloads it once. A request
 * whose installation is NULL only needs the reload. Sets the requests' errors. */
void cw_update_server(struct cw_context *context, struct cw_request **requests, size_t count);
/*
 * Has the servers of all saved REQUESTS use the new certificates, after renewals: those of the
 * requests' installers, and of their lineages' further installers. The installers
 * are told of those lineages for which a renewal is owed (owed.h). What is done is not owed any
 * more. If this fails for a request, the error is set in the request and in its result, and FAILED
 * is called for it.
 */
void cw_update_servers(struct cw_context *context, struct cw_request *const *requests, size_t count,
		       cw_request_done failed, void *failed_context);

#endif
