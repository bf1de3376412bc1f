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
/* The server gets new certificates (or what a roll-back left), once for all requests. */
extern const struct cw_work cw_reload_work;

/* The member "installed" (flow/context.h). OUTCOME is the result of an installation: {"deployed",
 * "enhanced", "changed"}; NULL: it came to no end. */
struct json_object *cw_installation_describe(const struct cw_installation *installation,
					     const char *installer, struct json_object *outcome);

#endif
