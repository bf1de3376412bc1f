/* What certonly and run have in common. */
#ifndef CW_FLOW_VERBS_CERTONLY_H
#define CW_FLOW_VERBS_CERTONLY_H

#include "flow/context.h"
#include "flow/due/decide.h"
#include "flow/issue/request.h"
#include "flow/work/begin.h"

/* From the settings to a request: plugins (INSTALL: an installer too), names, hooks and the
 * decision are settled, with questions where they are open. */
int cw_request_make(struct cw_context *context, bool install, struct cw_request **request,
		    enum cw_decision *decision, struct cw_error *error);
/* Obtains the certificate, with the account (made where there is none) and with hooks; adds it to
 * the "certificates" of RESULT. */
int cw_request_fulfil(struct cw_context *context, struct cw_request *request,
		      struct json_object *result, struct cw_error *error);
/* Adds a certificate that is kept as it is. */
void cw_request_keep(const struct cw_request *request, struct json_object *result);
#endif
