/* What an installer plugin does for a batch, in a plugin process (work/jobs.h); each batch has the
 * one installer of its first request. install.h is where this is used. */
#ifndef CW_FLOW_INSTALL_INSTALLER_WORK_H
#define CW_FLOW_INSTALL_INSTALLER_WORK_H

#include "flow/work/jobs.h"

/* Each request's installation (plugin/installation.h), one after the other. */
extern const struct cw_work cw_install_work;
/* Whether the first request's certificate, which need not exist yet, could be deployed; changes
 * nothing. */
extern const struct cw_work cw_check_work;
/* The first request's result is {"names": [...]}, of the virtual hosts there are. */
extern const struct cw_work cw_list_names_work;
/* The server is brought up to date with each request's installation (cw_installation_update()), and
 * reloaded once for all requests. Those without an installation only need the reload. */
extern const struct cw_work cw_update_work;
/* For cw_jobs_run(), where the end of requests is seen when it returns. */
void cw_ignore_end(void *context, struct cw_request *request);
/* Reverts what a worker that crashed or was ended left of its edits. */
void cw_revert_leftovers(const struct cw_context *context);

/* The member "installed" (flow/context.h). OUTCOME is the result of an installation: {"deployed",
 * "enhanced", "changed"}; NULL: it came to no end. */
struct json_object *cw_installation_describe(const struct cw_installation *installation,
					     const char *installer, struct json_object *outcome);

#endif
