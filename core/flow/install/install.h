/* Having an installer plugin work, in a worker process: the coordinator's side. */
#ifndef CW_FLOW_INSTALL_INSTALL_H
#define CW_FLOW_INSTALL_INSTALL_H

#include "flow/context.h"
#include "flow/install/installation.h"
#include "flow/issue/request.h"
#include "flow/work/begin.h"

/* The names that INSTALLER's server answers to, where they can be those of a certificate. */
int cw_installer_names(struct cw_context *context, struct cw_run *run, const char *installer,
		       struct cw_names *names, struct cw_error *error);
/*
 * The enhancements that the settings ask for and INSTALLER has, as its plugin names them.
 * BY_DEFAULT: "redirect" too, unless --no-redirect, where the installer has it. One that is asked
 * for and that it lacks is a warning, as with Certbot; --auto-hsts an error.
 */
int cw_wanted_enhancements(struct cw_context *context, const char *installer, bool by_default,
			   struct cw_strv *enhancements, struct cw_error *error);
/* Sets the lineage's name, and those paths that are not set. */
void cw_installation_use(struct cw_installation *installation, const struct cw_lineage *lineage);
/* The same with the lineage that --cert-name names or the user chooses, whose saved settings then
 * count beneath those of the run. */
int cw_installation_choose(struct cw_context *context, struct cw_installation *installation,
			   struct cw_lineage **lineage, struct cw_error *error);
/* Carries out INSTALLATION; *DESCRIPTION is the "installed" member. What a failure or a crash left
 * in the server's configuration is taken back. */
int cw_install(struct cw_context *context, struct cw_run *run, const char *installer,
	       const struct cw_installation *installation, struct json_object **description,
	       struct cw_error *error);
/* Asks INSTALLER whether it could carry out INSTALLATION, whose certificate is yet to be obtained.
 */
int cw_check_installation(struct cw_context *context, struct cw_run *run, const char *installer,
			  const struct cw_installation *installation, struct cw_error *error);
/* Has INSTALLER's server load its configuration anew. */
int cw_reload_server(struct cw_context *context, struct cw_run *run, const char *installer,
		     struct cw_error *error);
/*
 * After renewals: has the servers of the REQUESTS that were saved load the new certificates, once
 * for each installer with the same options however many certificates there are. A request whose
 * server could not be reloaded gets that as its error, in its result too, and FAILED is called for
 * it.
 */
void cw_reload_servers(struct cw_context *context, struct cw_run *run,
		       struct cw_request *const *requests, size_t count, cw_request_done failed,
		       void *failed_context);

#endif
