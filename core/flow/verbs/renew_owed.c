/* renew: servers that must use new certificates, those of this run and of earlier ones. */
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/due/decide.h"
#include "flow/due/lineage_settings.h"
#include "flow/install/owed.h"
#include "flow/install/pay.h"
#include "flow/install/servers.h"
#include "flow/verbs/renew_internal.h"

static bool
is_kept(struct json_object *description)
{
	return cw_equal(cw_json_string(description, "action"), "kept");
}

/* Says in the member of a lineage that was not due what became of what it was owed. */
static void
describe(struct json_object *description, const char *action, const struct cw_error *error)
{
	if (description == NULL || !is_kept(description))
		return;
	cw_json_set_string(description, "action", action);
	if (error != NULL)
		cw_json_set(description, "error", cw_json_error(error));
}

/* The certificate is saved, but its server does not use it. */
static void
not_in_use(void *user, struct cw_request *request)
{
	struct renewal *renewal = user;

	cw_renewal_unused(renewal, request, &request->error);
	describe(request->result, "failed", &request->error);
}

static int
load_owed(struct renewal *renewal, struct cw_request *request, struct cw_error *error)
{
	struct cw_context *context = renewal->context;
	int status = cw_lineage_load(context->directories.config, request->name, &request->lineage,
				     error);

	if (status == CW_OK)
		status = cw_lineage_settings(context, request->lineage, request->settings, error);
	if (status < 0)
		return status;
	cw_selected_plugins(request->settings, &request->authenticator, &request->installer);
	return cw_names_from_certificate(request->lineage->live[CW_KIND_CERT], &request->names,
					 error);
}

/* The request of this run that has renewed the lineage NAME: what follows that is the same that an
 * earlier run owes. NULL: there is none. */
static const struct cw_request *
renewed_now(const struct renewal *renewal, const char *name)
{
	for (size_t i = 0; i < renewal->due_count; i++)
		if (renewal->due[i]->saved && strcmp(renewal->due[i]->name, name) == 0)
			return renewal->due[i];
	return NULL;
}

/* A reload or renewal is left to cw_renewal_update_servers(), together with those of this run. */
static void
pay(struct renewal *renewal, const char *name, struct json_object *description)
{
	struct cw_request *request = cw_renewal_request_new(renewal, name);
	const struct cw_request *renewed = renewed_now(renewal, name);
	cw_auto_error struct cw_error error = {0};
	enum cw_owed paid = CW_OWED_NOTHING;
	int status = load_owed(renewal, request, &error);

	if (status == CW_OK)
		status = cw_installation_pay(renewal->context, request, &paid, &error);
	if (status < 0) {
		cw_renewal_unused(renewal, request, &error);
		describe(description, "failed", &error);
		if (renewed != NULL)
			cw_json_set(renewed->result, "error", cw_json_error(&error));
	} else if (paid == CW_OWED_INSTALLATION) {
		describe(description, "installed", NULL);
	}
	if (status < 0 || paid == CW_OWED_NOTHING || paid == CW_OWED_INSTALLATION ||
	    renewed != NULL) {
		cw_request_free(request);
		return;
	}
	cw_log_warning(
		"reloading the server for the certificate \"%s\", which an earlier run could "
		"not reload",
		name);
	request->saved = true;
	request->retry = true;
	request->result = json_object_get(description);
	renewal->due[renewal->due_count++] = request;
}

void
cw_renewal_find_owed(struct renewal *renewal)
{
	cw_auto_strv struct cw_strv names = {0};

	renewal->owed = cw_json_new_object();
	if (cw_settings_flag(renewal->context->settings, "dry_run"))
		return;
	cw_installations_owed(renewal->context, &names);
	for (size_t i = 0; i < names.count; i++)
		cw_json_set(renewal->owed, names.items[i], NULL);
}

void
cw_renewal_note_owed(struct renewal *renewal, const char *name, struct json_object *description)
{
	if (json_object_object_get_ex(renewal->owed, name, NULL))
		cw_json_set(renewal->owed, name, json_object_get(description));
}

void
cw_renewal_pay_owed(struct renewal *renewal)
{
	const char *config = renewal->context->directories.config;
	const struct cw_strv *selected = &renewal->selected;

	json_object_object_foreach(renewal->owed, name, description)
	{
		cw_autofree char *path = cw_format("%s/renewal/%s.conf", config, name);

		if (!cw_file_exists(path))
			cw_installation_settled(renewal->context, name);
		else if (selected->count == 0 || cw_strv_contains(selected, name))
			pay(renewal, name, description);
	}
}

void
cw_renewal_update_servers(struct renewal *renewal)
{
	cw_update_servers(renewal->context, renewal->due, renewal->due_count, not_in_use, renewal);
	for (size_t i = 0; i < renewal->due_count; i++) {
		const struct cw_request *request = renewal->due[i];

		if (request->saved && request->error.status == CW_OK)
			describe(request->result, "reloaded", NULL);
	}
}
