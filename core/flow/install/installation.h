/* The work of an installer plugin: the worker's side. flow/install/install.h is the coordinator's.
 */
#ifndef CW_FLOW_INSTALL_INSTALLATION_H
#define CW_FLOW_INSTALL_INSTALLATION_H

#include "flow/context.h"
#include "flow/work/workers.h"
#include "plugin/installation.h"

/* The member "installed" (flow/context.h). OUTCOME is what the worker said it did: {"deployed",
 * "enhanced", "changed"}; NULL: it came to no end. */
struct json_object *cw_installation_describe(const struct cw_installation *installation,
					     const char *installer, struct json_object *outcome);

/*
 * Work for cw_workers_run(); each batch has the one installer of its first request.
 *
 * Install: carries out each request's installation.
 */
void cw_install_batch(struct cw_context *context, const struct cw_services *services,
		      struct cw_batch *batch, cw_report report, void *report_context);
/* Check: whether the certificate, which need not exist yet, could be deployed; changes nothing. */
void cw_check_batch(struct cw_context *context, const struct cw_services *services,
		    struct cw_batch *batch, cw_report report, void *report_context);
/* Names: the request's result is {"names": [...]}, of the virtual hosts there are. */
void cw_list_names_batch(struct cw_context *context, const struct cw_services *services,
			 struct cw_batch *batch, cw_report report, void *report_context);
/* Reload: the server gets new certificates (or what a roll-back left), once for all requests. */
void cw_reload_batch(struct cw_context *context, const struct cw_services *services,
		     struct cw_batch *batch, cw_report report, void *report_context);

#endif
