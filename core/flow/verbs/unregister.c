#include "base/log.h"
#include "flow/ask/choose_lineage.h"
#include "flow/context.h"
#include "flow/issue/accounts.h"
#include "flow/work/ca.h"

static int
confirm(struct cw_context *context, const struct cw_account *account, struct cw_error *error)
{
	cw_autofree char *question = cw_format(
		"Deactivate the account %s and delete its key? This cannot be undone. Its "
		"certificates stay, but this account cannot renew or revoke them any more.",
		account->uri);

	return cw_confirm(context, question, "the account was not changed", error);
}

int
cw_flow_unregister(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_account struct cw_account *account = NULL;
	struct cw_ca_wait wait = {0};
	struct cw_ca *ca;
	struct json_object *description;
	bool created;
	int status =
		cw_account_acquire(context, context->settings, false, &account, &created, error);

	if (status == CW_OK)
		status = confirm(context, account, error);
	if (status < 0)
		return status;
	ca = cw_context_ca(context, account->server, account);
	status =
		cw_ca_wait_for(ca, cw_ca_account_deactivate(ca, cw_ca_waited, &wait), &wait, error);
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
