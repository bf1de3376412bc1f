/* The requests about an account. */
#include <string.h>
#include "base/text.h"
#include "flow/issue/accounts.h"
#include "flow/issue/given_account.h"
#include "flow/orders/orders.h"
#include "flow/orders/step.h"

static void
add_account(const struct cw_account *account, bool created, const char *status,
	    struct json_object *result)
{
	cw_json_set(result, "account", cw_given_account_describe(account, created, status));
}

/* "a@example.com" is short for "mailto:a@example.com". */
static int
read_contacts(const struct cw_step *step, struct cw_strv *contacts, struct cw_error *error)
{
	struct json_object *list = cw_json_array(step->request, "contact");

	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		const char *text = json_object_get_string(item);

		if (!json_object_is_type(item, json_type_string) || *text == '\0')
			return cw_fail(error, CW_E_USAGE, "a \"contact\" is not a string");
		cw_strv_addf(contacts, "%s%s", strchr(text, ':') != NULL ? "" : "mailto:", text);
	}
	return CW_OK;
}

/* The request's contacts and agreement, as the options that mean the same. */
static int
set_registration(const struct cw_step *step, struct cw_error *error)
{
	struct cw_settings *settings = step->context->settings;
	cw_auto_strv struct cw_strv contacts = {0};
	cw_auto_strv struct cw_strv addresses = {0};
	cw_autofree char *list = NULL;
	int status = read_contacts(step, &contacts, error);

	for (size_t i = 0; status == CW_OK && i < contacts.count; i++) {
		if (!cw_starts_with(contacts.items[i], "mailto:"))
			return cw_fail(error, CW_E_UNSUPPORTED,
				       "\"%s\" is not an e-mail address, the only contact of new "
				       "accounts",
				       contacts.items[i]);
		cw_strv_add(&addresses, contacts.items[i] + strlen("mailto:"));
	}
	list = cw_strv_join(&addresses, ",");
	if (status == CW_OK && addresses.count > 0)
		status = cw_settings_set(settings, "email", CW_SOURCE_COMMAND, list, error);
	else if (status == CW_OK)
		status = cw_settings_set(settings, "register_unsafely_without_email",
					 CW_SOURCE_COMMAND, "1", error);
	if (status == CW_OK && cw_json_bool(step->request, "terms_agreed", false))
		status = cw_settings_set(settings, "tos", CW_SOURCE_COMMAND, "1", error);
	return status;
}

int
cw_flow_account_new(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	struct cw_step step = {.context = context, .request = context->request};
	cw_auto_account struct cw_account *account = NULL;
	struct cw_key *key = NULL;
	bool created = false;
	int status = set_registration(&step, error);

	if (status == CW_OK)
		status = cw_given_account_key(context, &key, error);
	if (status == CW_OK && key == NULL)
		status = cw_account_make_key(&key, error);
	if (status == CW_OK)
		status = cw_account_request(context, context->settings, key, &account, &created,
					    error);
	if (status == CW_OK)
		add_account(account, created, cw_json_string(account->body, "status"), result);
	return status;
}

int
cw_flow_account_find(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_account struct cw_account *account = NULL;
	struct cw_key *key = NULL;
	int status = cw_given_account_key(context, &key, error);

	if (status == CW_OK && key == NULL)
		status = cw_fail(error, CW_E_USAGE, "this request needs the member \"account\"");
	if (status == CW_OK)
		status = cw_account_find(context, context->settings, key, &account, error);
	if (status == CW_OK)
		add_account(account, false, cw_json_string(account->body, "status"), result);
	return status;
}

/* What the configuration directory has of an account would be untrue afterwards. */
static int
begin_given(struct cw_context *context, struct cw_step *step, struct cw_error *error)
{
	if (cw_json_object(context->request, "account") != NULL)
		return cw_step_begin(context, step, error);
	cw_fail(error, CW_E_USAGE, "this request needs the member \"account\"");
	cw_hint(error, "for the account of the configuration directory use the verbs "
		       "update_account and unregister");
	return CW_E_USAGE;
}

int
cw_flow_account_update(struct cw_context *context, struct json_object *result,
		       struct cw_error *error)
{
	cw_auto_step struct cw_step step = {0};
	cw_auto_strv struct cw_strv contacts = {0};
	cw_auto_ca_account struct cw_ca_account answer = {0};
	int status = begin_given(context, &step, error);

	if (status == CW_OK && cw_json_array(step.request, "contact") == NULL)
		status = cw_fail(error, CW_E_USAGE, "this request needs the member \"contact\"");
	if (status == CW_OK)
		status = read_contacts(&step, &contacts, error);
	if (status == CW_OK)
		status = cw_ca_wait_for(
			step.ca,
			cw_ca_account_update(step.ca, &contacts, &answer, cw_ca_waited, &step.wait),
			&step.wait, error);
	if (status < 0)
		return status;
	json_object_put(step.account->body);
	step.account->body = cw_ca_account_body(&answer);
	add_account(step.account, false, answer.status, result);
	return CW_OK;
}

int
cw_flow_account_deactivate(struct cw_context *context, struct json_object *result,
			   struct cw_error *error)
{
	cw_auto_step struct cw_step step = {0};
	int status = begin_given(context, &step, error);

	if (status == CW_OK)
		status = cw_ca_wait_for(step.ca,
					cw_ca_account_deactivate(step.ca, cw_ca_waited, &step.wait),
					&step.wait, error);
	if (status == CW_OK)
		add_account(step.account, false, "deactivated", result);
	return status;
}
