#include "flow/install/servers.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/plugin_name.h"
#include "base/text.h"
#include "flow/due/lineage_settings.h"
#include "flow/install/certificate.h"
#include "flow/install/deployed.h"
#include "flow/install/installer_work.h"
#include "flow/install/owed.h"
#include "flow/work/batches.h"
#include "plugin/wire.h"
#include "store/renewal.h"

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

static void
update_renewed(void *user, struct cw_request **members, size_t count)
{
	struct cw_context *context = user;
	cw_autofree struct cw_installation *installations =
		cw_calloc(count, sizeof(*installations));

	cw_log_info("updating the server of \"%s\"", members[0]->installer);
	for (size_t i = 0; i < count; i++)
		describe(context, members[i], &installations[i]);
	cw_update_server(context, members, count);
	for (size_t i = 0; i < count; i++) {
		members[i]->installation = NULL;
		cw_installation_clear(&installations[i]);
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

/* Requests, and behind them one for each further installer of one's lineage. */
struct all {
	struct cw_request **items;
	struct cw_request **owners; /* of the further ones */
	size_t count, room;
};

static void
add(struct all *all, struct cw_request *request, struct cw_request *owner)
{
	if (all->count == all->room) {
		all->room = all->room * 2 + 8;
		all->items = cw_realloc(all->items, all->room, sizeof(struct cw_request *));
		all->owners = cw_realloc(all->owners, all->room, sizeof(struct cw_request *));
	}
	all->items[all->count] = request;
	all->owners[all->count++] = owner;
}

static struct cw_request *
further_request(struct cw_context *context, const struct cw_request *owner, const char *installer)
{
	struct cw_request *request = cw_request_new(owner->name, context->settings);
	int status = cw_lineage_open(context->directories.config, owner->name, &request->lineage,
				     &request->error);

	if (status == CW_OK)
		status = cw_lineage_settings(context, request->lineage, request->settings,
					     &request->error);
	request->installer = cw_strdup(installer);
	request->retry = owner->retry;
	request->saved = status == CW_OK;
	return request;
}

static void
add_further(struct cw_context *context, struct cw_request *owner, struct all *all)
{
	const char *first = cw_plugin_name(owner->installer);
	cw_auto_strv struct cw_strv installers = {0};

	cw_renewal_further_installers(owner->lineage->config, &installers);
	for (size_t i = 0; i < installers.count; i++) {
		const char *installer = installers.items[i];

		if (strcmp(installer, first) == 0)
			continue;
		if (cw_registry_has(context->registry, installer))
			add(all, further_request(context, owner, installer), owner);
		else
			cw_log_warning("the installer \"%s\" is missing; reload its server for "
				       "the new certificate \"%s\"",
				       installer, owner->name);
	}
}

/* What failed with a further installer has failed for the lineage. */
static void
end_further(struct cw_request *request, struct cw_request *owner)
{
	if (request->error.status < 0 && owner->error.status == CW_OK) {
		cw_error_move(&owner->error, &request->error);
	} else if (request->error.status < 0) {
		cw_autofree char *line = cw_error_line(&request->error);

		cw_log_error("%s: %s", owner->name, line);
	}
	cw_request_free(request);
}

void
cw_update_servers(struct cw_context *context, struct cw_request *const *requests, size_t count,
		  cw_request_done failed, void *failed_context)
{
	struct all all = {.count = 0};

	for (size_t i = 0; i < count; i++)
		add(&all, requests[i], NULL);
	for (size_t i = 0; i < count; i++)
		if (has_server(requests[i]))
			add_further(context, requests[i], &all);
	cw_for_each_server(all.items, all.count, update_renewed, context);
	for (size_t i = count; i < all.count; i++)
		end_further(all.items[i], all.owners[i]);
	for (size_t i = 0; i < count; i++)
		if (has_server(requests[i]))
			settle(context, requests[i], failed, failed_context);
	free(all.items);
	free(all.owners);
}
