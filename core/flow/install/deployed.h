/*
 * Records which installers use a lineage's certificate, and for which names. The record is the
 * section [[deployed]] of [certwright] in the renewal file, which Certbot ignores. Each key is an
 * installer's name.
 */
#ifndef CW_FLOW_INSTALL_DEPLOYED_H
#define CW_FLOW_INSTALL_DEPLOYED_H

#include "flow/context.h"
#include "plugin/installation.h"
#include "store/lineage.h"

/* Adds the names for which INSTALLER ("name" or "dist:name") has the certificate. */
void cw_deployed_names(const struct cw_lineage *lineage, const char *installer,
		       struct cw_strv *names);
/* Adds the installers that have it. */
void cw_deployed_installers(const struct cw_lineage *lineage, struct cw_strv *installers);
/*
 * Records that INSTALLER has deployed INSTALLATION. Names of earlier deployments are kept if the
 * certificate still has them. Also saves what renewals need to call the installer: its name and its
 * options in SETTINGS. The file is not written if nothing would change.
 */
int cw_record_deployment(const struct cw_context *context, const char *installer,
			 const struct cw_installation *installation,
			 const struct cw_settings *settings, struct cw_error *error);
/* Records that INSTALLER does not have the certificate any more. */
int cw_forget_deployment(struct cw_lineage *lineage, const char *installer, struct cw_error *error);

#endif
