/* report: the state of all certificates, from the files alone. */
#include "flow/context.h"
#include "flow/report/status.h"

int
cw_flow_report(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct json_object *document = NULL;
	int status = cw_status_new(context, &document, error);

	cw_json_set(result, "status", document);
	return status;
}
