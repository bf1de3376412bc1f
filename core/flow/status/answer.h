/* Which request gets which answer: from the document alone. */
#ifndef CW_FLOW_STATUS_ANSWER_H
#define CW_FLOW_STATUS_ANSWER_H

#include <stdbool.h>
#include "base/json.h"
#include "base/strv.h"
#include "flow/status/module.h"

/* Whether the answer is made from the document: others need not wait for it. */
bool cw_status_needs_document(const struct cw_status_request *request,
			      const struct cw_strv *own_names);
/* Fills RESPONSE. DOCUMENT was judged (flow/report/health.h); NULL: there is none yet, which is
 * 503. An unknown path is 404, a method other than GET and HEAD 405, a name that is not ours
 * (flow/status/hosts.h) 421. */
void cw_status_answer(const struct cw_status_request *request, const struct cw_strv *own_names,
		      struct json_object *document, struct cw_status_response *response);

#endif
