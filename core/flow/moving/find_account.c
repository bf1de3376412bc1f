#include "base/text.h"
#include "flow/moving/take_over.h"
#include "flow/work/ca.h"

static int
ask(struct cw_ca *ca, struct cw_moved_account *account, struct cw_error *error)
{
	static const struct cw_strv none;
	const struct cw_ca_registration registration = {.contacts = &none, .only_existing = true};
	cw_auto_ca_account struct cw_ca_account answer = {0};
	struct cw_ca_wait wait = {0};
	int status = cw_ca_wait_for(ca, cw_ca_open(ca, cw_ca_waited, &wait), &wait, error);

	if (status < 0)
		return status;
	cw_ca_use_account(ca, account->key, NULL);
	status = cw_ca_wait_for(ca,
				cw_ca_account_new(ca, &registration, &answer, cw_ca_waited, &wait),
				&wait, error);
	if (status < 0)
		return status;
	account->uri = cw_strdup(answer.uri);
	cw_strv_copy(&account->contacts, &answer.contacts);
	return CW_OK;
}

int
cw_moved_account_find(struct cw_context *context, struct cw_moved_account *account,
		      struct cw_error *error)
{
	/* One for this key alone: another account may be at the same server. */
	struct cw_ca *ca =
		cw_ca_new(cw_context_network(context), account->server, context->directories.work);
	int status = ask(ca, account, error);

	cw_ca_close(ca);
	if (status == CW_OK)
		return CW_OK;
	if (cw_equal(cw_error_problem_type(error),
		     "urn:ietf:params:acme:error:accountDoesNotExist")) {
		cw_context(error, "the CA at %s does not know the account of this key",
			   account->server);
		cw_hint(error, "if the account is at another CA, give its directory URL with "
			       "--server; else obtain the certificates again with certonly");
	} else {
		cw_context(error, "cannot ask the CA at %s for the account of this key",
			   account->server);
	}
	return error->status;
}
