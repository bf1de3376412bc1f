/* Runs an installer plugin in a worker process: the coordinator's side. */
#ifndef CW_FLOW_INSTALL_INSTALL_H
#define CW_FLOW_INSTALL_INSTALL_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "flow/work/begin.h"
#include "flow/work/jobs.h"
#include "plugin/installation.h"

/* The names of INSTALLER's server that a certificate can have. */
int cw_installer_names(struct cw_context *context, const char *installer, struct cw_names *names,
		       struct cw_error *error);
/*
 * The enhancements that the settings ask for and INSTALLER supports, by the plugin's names.
 * BY_DEFAULT: also "redirect" if supported, unless --no-redirect. An unsupported one is a warning,
 * as in Certbot; not to support --auto-hsts is an error.
 */
int cw_wanted_enhancements(struct cw_context *context, const char *installer, bool by_default,
			   struct cw_strv *enhancements, struct cw_error *error);
/* Carries out INSTALLATION; *DESCRIPTION is the "installed" member. Undoes what a failure or a
 * crash left in the server's configuration. */
int cw_install(struct cw_context *context, const char *installer,
	       const struct cw_installation *installation, struct json_object **description,
	       struct cw_error *error);
/* Asks INSTALLER whether it could carry out INSTALLATION before the certificate is obtained. */
int cw_check_installation(struct cw_context *context, const char *installer,
			  const struct cw_installation *installation, struct cw_error *error);
/* Reloads INSTALLER's server. */
int cw_reload_server(struct cw_context *context, const char *installer, struct cw_error *error);

#endif
