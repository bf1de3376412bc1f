/* Chooses the certificate to install. */
#ifndef CW_FLOW_INSTALL_CHOOSE_INSTALLATION_H
#define CW_FLOW_INSTALL_CHOOSE_INSTALLATION_H

#include "flow/context.h"
#include "plugin/installation.h"

/* Sets name and paths as cw_installation_use() does, from the lineage that --cert-name names or the
 * user chooses. Its saved settings are added to those of the run, which take precedence. */
int cw_installation_choose(struct cw_context *context, struct cw_installation *installation,
			   struct cw_lineage **lineage, struct cw_error *error);

#endif
