/* Describes a lineage's certificate for an installer. */
#ifndef CW_FLOW_INSTALL_CERTIFICATE_H
#define CW_FLOW_INSTALL_CERTIFICATE_H

#include "plugin/installation.h"
#include "store/lineage.h"

/* Sets the lineage's name, and the paths that are not set. */
void cw_installation_use(struct cw_installation *installation, const struct cw_lineage *lineage);
/* Sets the names and the expiry of the lineage's certificate, and the serial number of the version
 * BEFORE (0: none), if that is still there. */
int cw_installation_describe_certificate(struct cw_installation *installation,
					 const struct cw_lineage *lineage, unsigned before,
					 struct cw_error *error);

#endif
