/* The work of an installer plugin: the worker's side. flow/install/install.h is the coordinator's.
 */
#ifndef CW_FLOW_INSTALL_INSTALLATION_H
#define CW_FLOW_INSTALL_INSTALLATION_H

#include "flow/context.h"
#include "flow/work/workers.h"
#include "plugin/installation.h"

/* The member "installed" (flow/context.h). OUTCOME is the worker's report: {"deployed", "enhanced",
 * "changed"}; NULL: it did not finish. */
struct json_object *cw_installation_describe(const struct cw_installation *installation,
					     const char *installer, struct json_object *outcome);

/*
 * Work for cw_workers_run(); each batch has the one installer of its first request.
 *
 * Install: carries out each request's installation.
 */
void cw_install_batch(struct cw_context *context, const struct cw_services *services,
		      struct cw_batch *batch, cw_report report, void *report_context);
/* Check: whether the certificate, which may not exist yet, could be deployed. Changes nothing. */
void cw_check_batch(struct cw_context *context, const struct cw_services *services,
		    struct cw_batch *batch, cw_report report, void *report_context);
/* Names: the request's result is {"names": [...]}, the names of the virtual hosts. */
void cw_list_names_batch(struct cw_context *context, const struct cw_services *services,
			 struct cw_batch *batch, cw_report report, void *report_context);
/* Reload: reloads the server once for all requests, after new certificates or a rollback. */
void cw_reload_batch(struct cw_context *context, const struct cw_services *services,
		     struct cw_batch *batch, cw_report report, void *report_context);

#endif
