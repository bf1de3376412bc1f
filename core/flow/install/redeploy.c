#include "flow/install/redeploy.h"
#include <stdlib.h>
#include "base/log.h"
#include "flow/due/lineage_settings.h"
#include "flow/install/certificate.h"
#include "flow/install/deployed.h"
#include "flow/install/servers.h"

/* The request of one lineage, with the installation that it borrows. */
struct call {
	struct cw_request *request;
	struct cw_installation installation;
};

/* What is damaged is left out: the installer may still know what to do by the lineage's name. */
static int
prepare(struct cw_context *context, const struct cw_deployed *deployed, enum cw_reason reason,
	struct call *call, struct cw_error *error)
{
	struct cw_request *request = cw_request_new(deployed->lineage, context->settings);
	cw_auto_error struct cw_error damage = {0};
	int status;

	call->request = request;
	request->installer = cw_strdup(deployed->installer);
	status = cw_lineage_open(context->directories.config, deployed->lineage, &request->lineage,
				 error);
	if (status < 0)
		return status;
	if (cw_lineage_settings(context, request->lineage, request->settings, &damage) < 0 ||
	    cw_installation_describe_certificate(&call->installation, request->lineage, 0,
						 &damage) < 0) {
		cw_autofree char *line = cw_error_line(&damage);

		cw_log_warning("cannot read all of \"%s\": %s", deployed->lineage, line);
	}
	cw_installation_use(&call->installation, request->lineage);
	cw_deployed_names(request->lineage, deployed->installer, &call->installation.names);
	call->installation.reason = reason;
	request->installation = &call->installation;
	request->saved = true;
	return CW_OK;
}

static void
update(void *context, struct cw_request **members, size_t count)
{
	cw_update_server(context, members, count);
}

int
cw_call_installers(struct cw_context *context, const struct cw_deployed *deployed, size_t count,
		   enum cw_reason reason, bool *done, struct cw_error *error)
{
	cw_autofree struct call *calls = cw_calloc(count + 1, sizeof(*calls));
	cw_autofree struct cw_request **requests = cw_calloc(count + 1, sizeof(*requests));
	bool prepared;
	int status = CW_OK;

	for (size_t i = 0; i < count && status == CW_OK; i++) {
		status = prepare(context, &deployed[i], reason, &calls[i], error);
		requests[i] = calls[i].request;
	}
	if (status == CW_OK)
		cw_for_each_server(requests, count, update, context);
	prepared = status == CW_OK;
	for (size_t i = 0; i < count && requests[i] != NULL; i++) {
		done[i] = prepared && requests[i]->error.status == CW_OK;
		if (status == CW_OK && !done[i])
			status = cw_error_move(error, &requests[i]->error);
		cw_installation_clear(&calls[i].installation);
		cw_request_free(requests[i]);
	}
	return status;
}
