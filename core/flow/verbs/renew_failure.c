/* renew: what failed. */
#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"
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

static void
add_failure(struct renewal *renewal, const struct cw_request *request, const struct cw_error *error)
{
	cw_auto_error struct cw_error part = {0};

	cw_error_details(error, 2, log_detail, NULL);
	remember_failure(renewal, request, error);
	cw_names_all(&request->names, &renewal->failed);
	cw_error_copy(&part, error);
	cw_error_set_identifier(&part, request->name);
	cw_error_add_part(&renewal->failures, &part);
}

void
cw_renewal_failed(struct renewal *renewal, const struct cw_request *request,
		  const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);

	cw_log_error("cannot renew \"%s\": %s", request->name, line);
	add_failure(renewal, request, error);
}

void
cw_renewal_unused(struct renewal *renewal, const struct cw_request *request,
		  const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);

	cw_log_error("\"%s\": %s", request->name, line);
	/* Its installation and then the reload of its server can fail. */
	if (cw_strv_add_unique(&renewal->unused, request->name))
		add_failure(renewal, request, error);
}

void
cw_renewal_unstepped(struct renewal *renewal, const struct cw_request *request,
		     const struct cw_error *error)
{
	cw_autofree char *line = cw_error_line(error);
	cw_auto_error struct cw_error part = {0};

	cw_log_error("\"%s\": cannot take the next step of --auto-hsts: %s", request->name, line);
	cw_error_details(error, 2, log_detail, NULL);
	cw_error_copy(&part, error);
	cw_error_set_identifier(&part, request->name);
	cw_error_add_part(&renewal->failures, &part);
	renewal->unstepped++;
}

static void
add_kind(struct cw_strv *kinds, char *kind)
{
	cw_strv_add(kinds, kind);
	free(kind);
}

int
cw_renewal_outcome(struct renewal *renewal, struct cw_error *error)
{
	size_t unused = renewal->unused.count, unstepped = renewal->unstepped;
	size_t failed = renewal->failures.part_count - unused - unstepped;
	cw_auto_strv struct cw_strv kinds = {0};
	cw_autofree char *all = NULL;

	if (renewal->failures.part_count == 0)
		return CW_OK;
	cw_error_move(error, &renewal->failures);
	/* A usage error for one of them does not make the command line wrong. */
	error->status =
		error->parts[0]->status != CW_E_USAGE ? error->parts[0]->status : CW_E_INVALID;
	if (failed > 0)
		add_kind(&kinds, cw_format("%zu of %zu renewals failed", failed,
					   failed + renewal->successes));
	if (unused > 0)
		add_kind(&kinds, cw_format("%zu %s saved, but not in use yet", unused,
					   unused == 1 ? "certificate is" : "certificates are"));
	if (unstepped > 0)
		add_kind(&kinds, cw_format("%zu %s of --auto-hsts could not be taken", unstepped,
					   unstepped == 1 ? "step" : "steps"));
	all = cw_strv_join(&kinds, ", and ");
	cw_context(error, "%s", all);
	error->told = true;
	return error->status;
}
