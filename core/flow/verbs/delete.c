#include <stdlib.h>
#include "base/log.h"
#include "flow/ask/choose_lineage.h"
#include "flow/context.h"
#include "flow/issue/request.h"
#include "store/lineage.h"
#include "store/memory.h"

static int
confirm(struct cw_context *context, const char *name, struct cw_error *error)
{
	cw_autofree char *question = cw_format(
		"Delete the certificate \"%s\" with its keys and its renewal settings? Web "
		"servers that still use it will not start again.",
		name);

	return cw_confirm(context, question, "nothing was deleted", error);
}

int
cw_flow_delete(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_autofree char *name = NULL;
	struct json_object *deleted;
	int status = cw_choose_lineage(context, &name, error);

	if (status == CW_OK)
		status = cw_lineage_open(context->directories.config, name, &lineage, error);
	if (status == CW_OK)
		status = confirm(context, name, error);
	if (status == CW_OK)
		status = cw_lineage_delete(lineage, error);
	if (status < 0)
		return status;
	cw_memory_forget(context->directories.work, name);
	cw_log_info("deleted all files of the certificate \"%s\"", name);
	deleted = cw_json_new_array();
	cw_json_append(deleted, json_object_new_string(name));
	cw_json_set(result, "deleted", deleted);
	return CW_OK;
}
