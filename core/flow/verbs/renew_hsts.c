/* renew: the next steps of --auto-hsts (install/hsts.h). */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "flow/due/lineage_settings.h"
#include "flow/install/certificate.h"
#include "flow/install/hsts.h"
#include "flow/install/servers.h"
#include "flow/verbs/renew_internal.h"

/* A step and the request that takes it. */
struct stepping {
	struct cw_hsts_step step;
	struct cw_installation installation;
	struct cw_request *request;
};

struct stepping_all {
	struct renewal *renewal;
	struct stepping *items;
	size_t count;
};

static void
add_step(struct stepping_all *all, const struct cw_request *lineage, struct cw_hsts_step *step)
{
	struct stepping *item;
	cw_autofree char *enhancement = cw_hsts_enhancement(step);

	all->items = cw_realloc(all->items, all->count + 1, sizeof(*all->items));
	item = &all->items[all->count++];
	*item = (struct stepping){.step = *step, .installation.reason = CW_REASON_RENEW};
	*step = (struct cw_hsts_step){0};
	cw_installation_use(&item->installation, lineage->lineage);
	cw_strv_copy(&item->installation.names, &item->step.names);
	cw_strv_add(&item->installation.enhancements, enhancement);
	item->request = cw_request_new(lineage->name, lineage->settings);
	item->request->installer = cw_strdup(item->step.installer);
	item->request->saved = true; /* as far as its server is concerned */
}

static void
add_lineage(struct stepping_all *all, const char *name, bool renewed)
{
	struct cw_context *context = all->renewal->context;
	struct cw_request *request = cw_renewal_request_new(all->renewal, name);
	cw_auto_hsts_steps struct cw_hsts_steps steps = {0};
	cw_auto_error struct cw_error error = {0};
	int status = cw_lineage_open(context->directories.config, name, &request->lineage, &error);

	if (status == CW_OK && cw_hsts_has_steps(request->lineage))
		status = cw_lineage_settings(context, request->lineage, request->settings, &error);
	if (status < 0)
		cw_renewal_unstepped(all->renewal, request, &error);
	else if (!cw_settings_flag(request->settings, "disable_renew_updates"))
		cw_hsts_find_steps(request->lineage, renewed, &steps);
	for (size_t i = 0; i < steps.count; i++)
		add_step(all, request, &steps.items[i]);
	cw_request_free(request);
}

static void
describe(const struct stepping_all *all, const struct stepping *item)
{
	struct json_object *description = cw_json_new_object();

	cw_json_set_string(description, "name", item->request->name);
	cw_json_set_string(description, "installer", item->step.installer);
	cw_json_set(description, "names", cw_json_from_strv(&item->step.names));
	cw_json_set_int(description, "max_age", item->step.to);
	cw_json_append(all->renewal->hsts_steps, description);
}

static void
settle(const struct stepping_all *all, struct stepping *item)
{
	cw_autofree char *names = cw_strv_join(&item->step.names, ", ");
	struct cw_error *error = &item->request->error;
	bool gone = error->status == CW_E_NOT_FOUND;

	if (gone) {
		cw_autofree char *line = cw_error_line(error);

		cw_log_warning("--auto-hsts ends for %s: %s", names, line);
		cw_error_clear(error);
	} else if (error->status == CW_OK) {
		cw_log_info("the Strict-Transport-Security max-age of %s is now %u", names,
			    item->step.to);
		describe(all, item);
	}
	if (error->status == CW_OK)
		cw_hsts_taken(all->renewal->context, item->request->name, &item->step, gone, error);
	if (error->status < 0)
		cw_renewal_unstepped(all->renewal, item->request, error);
}

static void
step_server(void *user, struct cw_request **members, size_t count)
{
	const struct stepping_all *all = user;

	cw_update_server(all->renewal->context, members, count);
}

static void
take(struct stepping_all *all)
{
	cw_autofree struct cw_request **requests =
		cw_calloc(all->count, sizeof(struct cw_request *));

	for (size_t i = 0; i < all->count; i++) {
		requests[i] = all->items[i].request;
		requests[i]->installation = &all->items[i].installation;
	}
	cw_for_each_server(requests, all->count, step_server, all);
	for (size_t i = 0; i < all->count; i++)
		settle(all, &all->items[i]);
}

void
cw_renewal_step_hsts(struct renewal *renewal)
{
	struct stepping_all all = {.renewal = renewal};

	if (cw_settings_flag(renewal->context->settings, "dry_run"))
		return;
	for (size_t i = 0; i < renewal->due_count; i++)
		if (renewal->due[i]->saved)
			add_lineage(&all, renewal->due[i]->name, true);
	for (size_t i = 0; i < renewal->stepping.count; i++)
		add_lineage(&all, renewal->stepping.items[i], false);
	if (all.count > 0)
		take(&all);
	for (size_t i = 0; i < all.count; i++) {
		cw_hsts_step_clear(&all.items[i].step);
		cw_installation_clear(&all.items[i].installation);
		cw_request_free(all.items[i].request);
	}
	free(all.items);
}
