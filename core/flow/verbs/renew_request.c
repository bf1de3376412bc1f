/* renew: the complete request for a lineage. */
#include <string.h>
#include "base/text.h"
#include "flow/ask/choose_plugin.h"
#include "flow/due/decide.h"
#include "flow/due/lineage_settings.h"
#include "flow/due/survey.h"
#include "flow/issue/aliases.h"
#include "flow/issue/save.h"
#include "flow/issue/server.h"
#include "flow/verbs/renew_internal.h"
#include "flow/work/hooks.h"

static int
find_account(struct renewal *renewal, struct cw_request *request, struct cw_error *error)
{
	const char *server = cw_server_url(request->settings);
	const char *id = cw_settings_get(request->settings, "account");
	struct cw_account *account = NULL;
	bool created;
	int status;

	for (size_t i = 0; i < renewal->account_count; i++) {
		request->account = renewal->accounts[i];
		if (strcmp(request->account->server, server) == 0 &&
		    (id == NULL || cw_starts_with(request->account->id, id)))
			return CW_OK;
	}
	/* The lineage's account is one at the lineage's server. */
	if (!cw_request_is_for_issuer(request) &&
	    cw_settings_source(request->settings, "account") == CW_SOURCE_RENEWAL)
		cw_settings_reset(request->settings, "account");
	status = cw_account_acquire(renewal->context, request->settings, request->dry_run, &account,
				    &created, error);
	if (status < 0)
		return status;
	renewal->accounts =
		cw_realloc(renewal->accounts, renewal->account_count + 1, sizeof(account));
	renewal->accounts[renewal->account_count++] = account;
	request->account = account;
	return CW_OK;
}

static int
read_request(struct renewal *renewal, struct cw_request *request, struct cw_error *error)
{
	const struct cw_lineage *lineage = request->lineage;
	int status = cw_lineage_settings(renewal->context, lineage, request->settings, error);

	if (status < 0)
		return status;
	cw_selected_plugins(request->settings, &request->authenticator, &request->installer);
	status = cw_names_from_certificate(lineage->live[CW_KIND_CERT], &request->names, error);
	if (status == CW_OK)
		status = cw_choose_for_names(renewal->context, request, error);
	if (status == CW_OK)
		status = cw_flow_validate_hooks(request->settings, error);
	if (status == CW_OK)
		status = cw_aliases_check(request->settings, error);
	return status;
}

int
cw_renewal_request_load(struct renewal *renewal, struct cw_request *request, struct cw_error *error)
{
	const char *only = cw_settings_get(renewal->context->settings, "certname");
	int status = cw_lineage_load(renewal->context->directories.config, request->name,
				     &request->lineage, error);

	/* The survey has seen no other. */
	if (status == CW_OK && only != NULL && cw_lineage_archive_is_shared(request->lineage))
		cw_strv_add_unique(&renewal->shared, request->lineage->archive);
	if (status == CW_OK)
		status = cw_refuse_shared_archive(request->lineage, &renewal->shared, error);
	if (status == CW_OK)
		status = read_request(renewal, request, error);
	if (status == CW_OK)
		status = cw_check_renewal(request->settings, request->lineage, error);
	if (status == CW_OK)
		status = cw_request_check_savable(renewal->context, request, error);
	if (status == CW_OK)
		status = cw_request_name_replaced(request, error);
	if (status == CW_OK)
		status = find_account(renewal, request, error);
	return status;
}

struct cw_request *
cw_renewal_request_new(struct renewal *renewal, const char *name)
{
	const struct cw_settings *settings = renewal->context->settings;
	struct cw_request *request = cw_request_new(name, settings);

	request->dry_run = cw_settings_flag(settings, "dry_run");
	request->renewal = true;
	request->reloads = !request->dry_run;
	return request;
}
