/*
 * Which installers use a lineage's certificate, and for which names: the section [[deployed]] of
 * [certwright] in the renewal file, where Certbot ignores it. Each key is an installer's name.
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
 * Records that INSTALLER has deployed INSTALLATION, beside names for which it had done so before
 * and that the certificate still has. Saves with it what renewals need to reach the installer: its
 * name if the renewal file has none, and its options in SETTINGS if it is the one of the file. A
 * file that says all of that already is not written.
 */
int cw_record_deployment(const struct cw_context *context, const char *installer,
			 const struct cw_installation *installation,
			 const struct cw_settings *settings, struct cw_error *error);
/* Records that INSTALLER does not have the certificate any more. */
int cw_forget_deployment(struct cw_lineage *lineage, const char *installer, struct cw_error *error);

#endif
