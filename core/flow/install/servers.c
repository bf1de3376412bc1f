#include "flow/install/servers.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "flow/install/certificate.h"
#include "flow/install/deployed.h"
#include "flow/install/installer_work.h"
#include "flow/install/owed.h"
#include "flow/work/batches.h"
#include "plugin/wire.h"

/* Whether one reload serves both: the same installer with the same options. */
static bool
share_server(const struct cw_request *a, const struct cw_request *b)
{
	return cw_equal(a->installer, b->installer) && cw_share_options(a, b, a->installer);
}

static bool
has_server(const struct cw_request *request)
{
	return request->saved && request->installer != NULL &&
	       strcmp(request->installer, "null") != 0;
}

/* A batch of FIRST and those after it that share its server. */
static void
gather(struct cw_request *const *requests, size_t count, size_t first, bool *taken,
       struct cw_request **members, size_t *member_count)
{
	*member_count = 0;
	for (size_t i = first; i < count && *member_count < CW_PLUGIN_UPDATES_MAX; i++) {
		if (taken[i] || !has_server(requests[i]) ||
		    !share_server(requests[first], requests[i]))
			continue;
		taken[i] = true;
		members[(*member_count)++] = requests[i];
	}
}

void
cw_update_server(struct cw_context *context, struct cw_request **requests, size_t count)
{
	struct cw_batch batch = {.requests = requests, .count = count, .work = &cw_update_work};
	struct cw_batch *batches[] = {&batch};
	cw_auto_error struct cw_error error = {0};
	bool failed = false;

	cw_jobs_run(context, batches, 1, 1, cw_ignore_end, NULL, &error);
	for (size_t i = 0; i < count; i++)
		failed |= requests[i]->error.status < 0;
	if (failed)
		cw_revert_leftovers(context);
}

/* Of a lineage whose renewal the installer is to hear of; *INSTALLATION stays empty for others. */
static void
describe(const struct cw_context *context, struct cw_request *request,
	 struct cw_installation *installation)
{
	cw_auto_error struct cw_error error = {0};
	unsigned before;

	request->installation = NULL;
	if (cw_owed_for(context, request->name, &before) != CW_OWED_RENEWAL)
		return;
	if (cw_installation_describe_certificate(installation, request->lineage, before, &error) <
	    0) {
		cw_error_move(&request->error, &error);
		return;
	}
	installation->reason = request->retry ? CW_REASON_RETRY : CW_REASON_RENEW;
	cw_installation_use(installation, request->lineage);
	cw_deployed_names(request->lineage, request->installer, &installation->names);
	request->installation = installation;
}

static void
settle(const struct cw_context *context, struct cw_request *request, cw_request_done failed,
       void *failed_context)
{
	if (request->error.status == CW_OK) {
		cw_renewal_settled(context, request->name);
		return;
	}
	cw_context(&request->error, "the new certificate is saved but not in use");
	if (request->result != NULL)
		cw_json_set(request->result, "error", cw_json_error(&request->error));
	failed(failed_context, request);
}

struct renewed {
	struct cw_context *context;
	cw_request_done failed;
	void *failed_context;
};

static void
update_renewed(void *user, struct cw_request **members, size_t count)
{
	const struct renewed *renewed = user;
	cw_autofree struct cw_installation *installations =
		cw_calloc(count, sizeof(*installations));

	cw_log_info("updating the server of \"%s\"", members[0]->installer);
	for (size_t i = 0; i < count; i++)
		describe(renewed->context, members[i], &installations[i]);
	cw_update_server(renewed->context, members, count);
	for (size_t i = 0; i < count; i++) {
		members[i]->installation = NULL;
		cw_installation_clear(&installations[i]);
		settle(renewed->context, members[i], renewed->failed, renewed->failed_context);
	}
}

void
cw_for_each_server(struct cw_request *const *requests, size_t count, cw_server_function function,
		   void *context)
{
	cw_autofree bool *taken = cw_calloc(count > 0 ? count : 1, sizeof(*taken));
	cw_autofree struct cw_request **members =
		cw_calloc(count > 0 ? count : 1, sizeof(struct cw_request *));

	for (size_t i = 0; i < count; i++) {
		size_t member_count;

		if (taken[i] || !has_server(requests[i]))
			continue;
		gather(requests, count, i, taken, members, &member_count);
		function(context, members, member_count);
	}
}

void
cw_update_servers(struct cw_context *context, struct cw_request *const *requests, size_t count,
		  cw_request_done failed, void *failed_context)
{
	struct renewed renewed = {context, failed, failed_context};

	cw_for_each_server(requests, count, update_renewed, &renewed);
}
