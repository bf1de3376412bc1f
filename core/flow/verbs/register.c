#include "base/log.h"
#include "flow/context.h"
#include "flow/issue/accounts.h"
#include "flow/issue/server.h"

int
cw_flow_register(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_account struct cw_account *account = NULL;
	cw_auto_strv struct cw_strv ids = {0};
	const char *server = cw_server_url(context->settings);
	struct json_object *description;
	int status = cw_account_list(context->directories.config, server, &ids, error);

	if (status == CW_OK && ids.count > 0) {
		cw_fail(error, CW_E_EXISTS, "there is already an account for %s: %s", server,
			ids.items[0]);
		cw_hint(error, "see: certwright show_account");
		status = CW_E_EXISTS;
	}
	if (status == CW_OK)
		status = cw_account_register(context, context->settings, &account, error);
	if (status < 0)
		return status;
	description = cw_account_describe(account);
	cw_json_set_bool(description, "created", true);
	cw_json_set_string(description, "status", "valid");
	cw_json_set(result, "account", description);
	return CW_OK;
}
