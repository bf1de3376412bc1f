/* renew: what failed. */
#include "base/log.h"
#include "flow/verbs/renew_internal.h"
#include "store/memory.h"

static void
log_detail(void *context, const char *line)
{
	(void)context;
	cw_log_error("%s", line);
}

/* For "certificates". A dry run changes nothing. */
static void
remember_failure(const struct renewal *renewal, const struct cw_request *request,
		 const struct cw_error *failure)
{
	cw_auto_error struct cw_error error = {0};

	if (!request->dry_run && cw_memory_failed(renewal->context->directories.work, request->name,
						  failure, &error) < 0) {
		cw_autofree char *line = cw_error_line(&error);

		cw_log_warning("cannot record the failure of \"%s\": %s", request->name, line);
	}
}

void
cw_renewal_failed(struct renewal *renewal, const struct cw_request *request,
		  const struct cw_error *error)
{
	cw_auto_error struct cw_error part = {0};
	cw_autofree char *line = cw_error_line(error);

	cw_log_error("cannot renew \"%s\": %s", request->name, line);
	cw_error_details(error, 2, log_detail, NULL);
	remember_failure(renewal, request, error);
	cw_names_all(&request->names, &renewal->failed);
	cw_error_copy(&part, error);
	cw_error_set_identifier(&part, request->name);
	cw_error_add_part(&renewal->failures, &part);
}
