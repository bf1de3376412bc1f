/* Makes installations that are owed (owed.h). */
#ifndef CW_FLOW_INSTALL_PAY_H
#define CW_FLOW_INSTALL_PAY_H

#include "flow/install/owed.h"

/* Makes the recorded installation for the lineage of REQUEST. The request must have its settings
 * and its installer. A recorded reload or renewal is left to the caller. *OWED is set to what was
 * recorded. */
int cw_installation_pay(struct cw_context *context, struct cw_request *request, enum cw_owed *owed,
			struct cw_error *error);

#endif
