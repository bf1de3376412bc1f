#include "base/text.h"
#include "flow/issue/accounts.h"
#include "flow/moving/take_over.h"

/* The settings of the run for SERVER, also in a dry run. */
static int
settings_for(const struct cw_context *context, const char *server, struct cw_settings **settings,
	     struct cw_error *error)
{
	*settings = cw_settings_copy(context->settings);
	cw_settings_reset(*settings, "dry_run");
	cw_settings_reset(*settings, "staging");
	return cw_settings_set(*settings, "server", CW_SOURCE_COMMAND, server, error);
}

static int
explain(const struct cw_moved_account *account, struct cw_error *error)
{
	if (!cw_equal(cw_error_problem_type(error),
		      "urn:ietf:params:acme:error:accountDoesNotExist"))
		return cw_context(error, "cannot ask the CA at %s for the account of this key",
				  account->server);
	cw_context(error, "the CA at %s does not know the account of this key", account->server);
	cw_hint(error, "if the account is at another CA, give its directory URL with --server; "
		       "else obtain the certificates again with certonly");
	return error->status;
}

int
cw_moved_account_find(struct cw_context *context, struct cw_moved_account *account,
		      struct cw_error *error)
{
	cw_auto_settings struct cw_settings *settings = NULL;
	cw_auto_account struct cw_account *found = NULL;
	int status = settings_for(context, account->server, &settings, error);

	if (status < 0)
		return status;
	status = cw_account_find(context, settings, cw_key_share(account->key), &found, error);
	if (status < 0)
		return explain(account, error);
	account->uri = cw_strdup(found->uri);
	cw_strv_clear(&account->contacts);
	cw_moved_account_describe(account, found->body);
	return CW_OK;
}
