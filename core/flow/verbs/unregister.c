#include "base/log.h"
#include "flow/ask/choose_lineage.h"
#include "flow/context.h"
#include "flow/issue/accounts.h"
#include "flow/work/network.h"

static int
confirm(struct cw_context *context, const struct cw_account *account, struct cw_error *error)
{
	cw_autofree char *question = cw_format(
		"Deactivate the account %s and delete its key, for good? Its certificates stay, "
		"but cannot be renewed or revoked with it.",
		account->uri);

	return cw_confirm(context, question, "the account was left as it is", error);
}

int
cw_flow_unregister(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_account struct cw_account *account = NULL;
	struct cw_session session = {0};
	struct json_object *description;
	bool created;
	int status =
		cw_account_acquire(context, context->settings, false, &account, &created, error);

	if (status == CW_OK)
		status = confirm(context, account, error);
	if (status == CW_OK)
		status = cw_session_open(&session, context->settings, account, error);
	if (status == CW_OK)
		status = cw_acme_account_deactivate(session.network.acme, error);
	cw_session_close(&session);
	if (status == CW_OK)
		status = cw_account_delete(context->directories.config, account, error);
	if (status < 0)
		return status;
	cw_log_info("account deactivated");
	description = cw_account_describe(account);
	cw_json_set_bool(description, "created", false);
	cw_json_set_string(description, "status", "deactivated");
	cw_json_set(result, "account", description);
	return CW_OK;
}
