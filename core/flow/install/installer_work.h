/* What an installer plugin does for a batch, in a plugin process (work/jobs.h). The installer of
 * the first request is used for the whole batch. install.h uses this. */
#ifndef CW_FLOW_INSTALL_INSTALLER_WORK_H
#define CW_FLOW_INSTALL_INSTALLER_WORK_H

#include "flow/work/jobs.h"

/* Carries out each request's installation (plugin/installation.h), one after the other. */
extern const struct cw_work cw_install_work;
/* Checks whether the first request's certificate could be deployed. The certificate need not exist
 * yet. Changes nothing. */
extern const struct cw_work cw_check_work;
/* Lists the names of the virtual hosts. The first request's result is {"names": [...]}. */
extern const struct cw_work cw_list_names_work;
/* Updates the server with each request's installation (cw_installation_update()), and reloads it
 * once for all requests. Requests without an installation only need the reload. */
extern const struct cw_work cw_update_work;
/* For cw_jobs_run(), if the caller looks at the requests only after it has returned. */
void cw_ignore_end(void *context, struct cw_request *request);
/* Undoes the edits that a worker left when it crashed or was killed. */
void cw_revert_leftovers(const struct cw_context *context);

/* Returns the member "installed" (flow/context.h). OUTCOME is the result of an installation:
 * {"deployed", "enhanced", "changed", "unneeded": enhancements}. NULL: the installation did not
 * finish. */
struct json_object *cw_installation_describe(const struct cw_installation *installation,
					     const char *installer, struct json_object *outcome);

#endif
