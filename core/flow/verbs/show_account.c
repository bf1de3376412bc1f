#include "base/log.h"
#include "flow/context.h"
#include "flow/issue/accounts.h"
#include "flow/work/ca.h"

/* Asks the CA how it knows the account. */
static int
fetch(struct cw_context *context, const struct cw_account *account, struct json_object **body,
      struct cw_error *error)
{
	cw_auto_ca_account struct cw_ca_account answer = {0};
	struct cw_ca *ca = cw_context_ca(context, account->server, account);
	struct cw_ca_wait wait = {0};
	int status = cw_ca_wait_for(ca, cw_ca_account_get(ca, &answer, cw_ca_waited, &wait), &wait,
				    error);

	if (status == CW_OK)
		*body = cw_ca_account_body(&answer);
	return status;
}

int
cw_flow_show_account(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_account struct cw_account *account = NULL;
	cw_auto_json struct json_object *body = NULL;
	struct json_object *description;
	const char *state;
	bool created;
	int status;

	status = cw_account_acquire(context, context->settings, false, &account, &created, error);
	if (status == CW_OK)
		status = fetch(context, account, &body, error);
	if (status < 0)
		return status;
	description = cw_account_describe(account);
	if (cw_json_array(body, "contact") != NULL)
		cw_json_set(description, "contact", cw_account_addresses(body));
	state = cw_json_string(body, "status");
	cw_json_set_bool(description, "created", false);
	cw_json_set_string(description, "status", state != NULL ? state : "unknown");
	cw_json_set(result, "account", description);
	return CW_OK;
}
