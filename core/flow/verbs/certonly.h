/* What certonly and run share. */
#ifndef CW_FLOW_VERBS_CERTONLY_H
#define CW_FLOW_VERBS_CERTONLY_H

#include "flow/context.h"
#include "flow/due/decide.h"
#include "flow/issue/request.h"
#include "flow/work/begin.h"

/* Makes a request from the settings. Settles the plugins (INSTALL: also an installer), the names,
 * the hooks and the decision, and asks the user what the settings leave open. */
int cw_request_make(struct cw_context *context, bool install, struct cw_request **request,
		    enum cw_decision *decision, struct cw_error *error);
/* Obtains the certificate and runs the hooks. Makes an account if there is none. Adds the
 * certificate to the "certificates" of RESULT. */
int cw_request_fulfil(struct cw_context *context, struct cw_request *request,
		      struct json_object *result, struct cw_error *error);
/* Adds a certificate that is kept unchanged. */
void cw_request_keep(const struct cw_request *request, struct json_object *result);
/* Adds what will renew it, or why nothing will, as "renewal" (due/schedule.h). */
void cw_request_describe_renewal(const struct cw_context *context, const struct cw_request *request,
				 struct json_object *result);
#endif
