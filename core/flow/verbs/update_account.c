#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"
#include "flow/ask/choose_lineage.h"
#include "flow/context.h"
#include "flow/issue/accounts.h"
#include "flow/work/ca.h"

/*
 * RFC 8555 section 7.3.5. The new key is on disk, as an account of its own with the same URL,
 * before the CA is asked: no crash leaves an account without its key. cw_account_acquire() finds
 * out which of two such keys is the right one.
 */
static int
roll_key(struct cw_context *context, struct cw_ca *ca, struct cw_account *account,
	 struct cw_error *error)
{
	static const struct cw_key_spec spec = {.type = CW_KEY_EC, .curve = "secp256r1"};
	const char *config = context->directories.config;
	cw_auto_account struct cw_account *next = NULL;
	struct cw_key *key = NULL;
	struct cw_ca_wait wait = {0};
	int status = cw_ca_wait_for(ca, cw_ca_open(ca, cw_ca_waited, &wait), &wait, error);

	if (status == CW_OK)
		status = cw_key_generate(&spec, &key, error);
	if (status < 0)
		return status;
	status = cw_account_add_key(config, account, key, &next, error);
	if (status < 0) {
		cw_key_free(key);
		return status;
	}
	status = cw_ca_wait_for(ca, cw_ca_account_change_key(ca, key, cw_ca_waited, &wait), &wait,
				error);
	if (status == CW_E_ACME)
		cw_account_delete(config, next, NULL);
	if (status == CW_OK)
		status = cw_account_rename(context, account->id, next->id, error);
	if (status == CW_OK)
		status = cw_account_delete(config, account, error);
	if (status < 0)
		return status;
	cw_log_info("the account has a new key");
	/* The caller goes on with the new one. */
	struct cw_account old = *account;
	*account = *next;
	*next = old;
	return CW_OK;
}

/* Without an address the CA can tell nobody of a problem. */
static int
confirm_removal(struct cw_context *context, const struct cw_account *account,
		struct cw_error *error)
{
	struct json_object *present = cw_json_array(account->body, "contact");
	cw_auto_strv struct cw_strv addresses = {0};
	cw_autofree char *list = NULL;
	cw_autofree char *question = NULL;

	for (size_t i = 0; present != NULL && i < json_object_array_length(present); i++)
		cw_strv_add(
			&addresses,
			cw_after_last(json_object_get_string(json_object_array_get_idx(present, i)),
				      ':'));
	if (addresses.count == 0)
		return CW_OK;
	list = cw_strv_join(&addresses, ", ");
	question = cw_format("Remove %s from the account? The CA then cannot warn you about "
			     "problems with your certificates.",
			     list);
	return cw_confirm(context, question, "the account was not changed", error);
}

static int
update_contacts(struct cw_context *context, struct cw_ca *ca, struct cw_account *account,
		struct cw_error *error)
{
	cw_auto_strv struct cw_strv contacts = {0};
	cw_auto_ca_account struct cw_ca_account answer = {0};
	struct cw_ca_wait wait = {0};
	int status = cw_account_contacts(context, context->settings, &contacts, error);

	if (status == CW_OK && contacts.count == 0)
		status = confirm_removal(context, account, error);
	if (status == CW_OK)
		status = cw_ca_wait_for(
			ca, cw_ca_account_update(ca, &contacts, &answer, cw_ca_waited, &wait),
			&wait, error);
	if (status < 0)
		return status;
	json_object_put(account->body);
	account->body = cw_ca_account_body(&answer);
	status = cw_account_save(context->directories.config, account, error);
	if (status == CW_OK)
		cw_log_info("the account's e-mail address was updated");
	return status;
}

static int
update(struct cw_context *context, struct cw_account *account, struct cw_error *error)
{
	const struct cw_settings *settings = context->settings;
	bool new_key = cw_settings_flag(settings, "new_key");
	bool contacts = cw_settings_get(settings, "email") != NULL ||
			cw_settings_flag(settings, "register_unsafely_without_email");
	struct cw_ca *ca = cw_context_ca(context, account->server, account);
	int status = CW_OK;

	if (contacts || !new_key)
		status = update_contacts(context, ca, account, error);
	if (status == CW_OK && new_key)
		status = roll_key(context, ca, account, error);
	return status;
}

int
cw_flow_update_account(struct cw_context *context, struct json_object *result,
		       struct cw_error *error)
{
	cw_auto_account struct cw_account *account = NULL;
	struct json_object *description;
	bool created;
	int status =
		cw_account_acquire(context, context->settings, false, &account, &created, error);

	if (status == CW_OK)
		status = update(context, account, error);
	if (status < 0)
		return status;
	description = cw_account_describe(account);
	cw_json_set_bool(description, "created", false);
	cw_json_set_string(description, "status", "valid");
	cw_json_set(result, "account", description);
	return CW_OK;
}
