/* The requests of ca.h about an account. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "flow/work/ca_internal.h"

void
cw_ca_account_clear(struct cw_ca_account *account)
{
	free(account->uri);
	free(account->status);
	cw_strv_clear(&account->contacts);
	*account = (struct cw_ca_account){0};
}

struct json_object *
cw_ca_account_body(const struct cw_ca_account *account)
{
	struct json_object *body = cw_json_new_object();

	cw_json_set_string(body, "status", account->status);
	cw_json_set(body, "contact", cw_json_from_strv(&account->contacts));
	return body;
}

/* Status and contacts; both are for people to read. */
static void
take_account(struct cw_ca_call *call, struct cw_message *answer)
{
	free(call->account->status);
	call->account->status = cw_message_get_text(answer, CW_MESSAGE_NAME);
	cw_strv_clear(&call->account->contacts);
	cw_wire_get_names(answer, &call->account->contacts);
}

static void
take_new_account(struct cw_ca_call *call, struct cw_message *answer)
{
	struct cw_ca *ca = call->ca;

	call->account->uri = cw_message_need_text(answer, CW_MESSAGE_LINE);
	call->account->created = cw_message_get_bool(answer);
	take_account(call, answer);
	if (answer->broken || *call->account->uri == '\0') {
		answer->broken = true;
		return;
	}
	free(ca->account_uri);
	ca->account_uri = cw_strdup(call->account->uri);
	ca->account_signer->with_jwk = false;
}

static int
make_binding(const struct cw_ca *ca, const struct cw_ca_registration *registration, char **binding,
	     struct cw_error *error)
{
	cw_auto_json struct json_object *object = NULL;
	int status;

	if (registration->eab_kid == NULL)
		return CW_OK;
	status = cw_jws_external_account(ca->account_signer->signer->jwk, registration->eab_kid,
					 registration->eab_hmac_key, registration->eab_algorithm,
					 ca->directory.new_account, &object, error);
	if (status == CW_OK)
		*binding = cw_strdup(cw_json_text(object));
	return status;
}

struct cw_ca_call *
cw_ca_account_new(struct cw_ca *ca, const struct cw_ca_registration *registration,
		  struct cw_ca_account *account, cw_ca_done done, void *context)
{
	cw_autofree char *binding = NULL;
	cw_auto_error struct cw_error error = {0};
	struct cw_message *message;
	struct cw_ca_call *call;

	if (ca->directory.new_account == NULL)
		cw_fail(&error, CW_E_UNSUPPORTED, "the CA \"%s\" makes no accounts", ca->server);
	else
		make_binding(ca, registration, &binding, &error);
	if (error.status < 0)
		return cw_ca_fail(ca, &error, done, context);
	ca->account_signer->with_jwk = true;
	message = cw_ca_request(ca, CW_NETWORK_ACCOUNT_NEW);
	cw_message_put_int(message, ca->account_signer->number);
	cw_message_put_text(message, ca->account_signer->signer->thumbprint);
	cw_message_put_list(message, registration->contacts);
	cw_message_put_bool(message, true);
	cw_message_put_text(message, binding);
	cw_message_put_bool(message, registration->only_existing);
	call = cw_ca_ask(ca, message, take_new_account, done, context);
	call->account = account;
	return call;
}

struct cw_ca_call *
cw_ca_account_get(struct cw_ca *ca, struct cw_ca_account *account, cw_ca_done done, void *context)
{
	struct cw_ca_call *call = cw_ca_ask(ca, cw_ca_request(ca, CW_NETWORK_ACCOUNT_GET),
					    take_account, done, context);

	call->account = account;
	return call;
}

struct cw_ca_call *
cw_ca_account_update(struct cw_ca *ca, const struct cw_strv *contacts,
		     struct cw_ca_account *account, cw_ca_done done, void *context)
{
	struct cw_message *message = cw_ca_request(ca, CW_NETWORK_ACCOUNT_UPDATE);
	struct cw_ca_call *call;

	cw_message_put_list(message, contacts);
	call = cw_ca_ask(ca, message, take_account, done, context);
	call->account = account;
	return call;
}

struct cw_ca_call *
cw_ca_account_deactivate(struct cw_ca *ca, cw_ca_done done, void *context)
{
	return cw_ca_ask(ca, cw_ca_request(ca, CW_NETWORK_ACCOUNT_DEACTIVATE), NULL, done, context);
}

/* The new key is the account's. */
static void
take_key(struct cw_ca_call *call, struct cw_message *answer)
{
	struct cw_ca *ca = call->ca;

	(void)answer;
	cw_ca_remove_signer(ca, ca->account_signer);
	ca->account_signer = cw_take(&call->signer);
	ca->account_signer->with_jwk = false;
}

struct cw_ca_call *
cw_ca_account_change_key(struct cw_ca *ca, const struct cw_key *key, cw_ca_done done, void *context)
{
	struct cw_ca_signer *signer = cw_ca_add_signer(ca, key, true);
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *change = NULL;
	struct cw_message *message;
	struct cw_ca_call *call;

	if (ca->directory.key_change == NULL)
		cw_fail(&error, CW_E_UNSUPPORTED, "the CA \"%s\" does not change accounts' keys",
			ca->server);
	else
		cw_jws_key_change(signer->signer, ca->account_signer->signer->jwk, ca->account_uri,
				  ca->directory.key_change, &change, &error);
	if (error.status < 0) {
		cw_ca_remove_signer(ca, signer);
		return cw_ca_fail(ca, &error, done, context);
	}
	message = cw_ca_request(ca, CW_NETWORK_ACCOUNT_CHANGE_KEY);
	cw_message_put_int(message, signer->number);
	cw_message_put_text(message, signer->signer->thumbprint);
	cw_message_put_text(message, change);
	call = cw_ca_ask(ca, message, take_key, done, context);
	call->signer = signer;
	return call;
}

struct cw_ca_call *
cw_ca_revoke(struct cw_ca *ca, const char *certificate, int reason, const struct cw_key *key,
	     cw_ca_done done, void *context)
{
	struct cw_ca_signer *signer = key != NULL ? cw_ca_add_signer(ca, key, true) : NULL;
	struct cw_message *message = cw_ca_request(ca, CW_NETWORK_REVOKE);
	struct cw_ca_call *call;

	cw_message_put_text(message, certificate);
	cw_message_put_int(message, reason);
	cw_message_put_int(message, signer != NULL ? signer->number : 0);
	call = cw_ca_ask(ca, message, NULL, done, context);
	call->signer = signer;
	return call;
}

static void
take_renewal_info(struct cw_ca_call *call, struct cw_message *answer)
{
	for (size_t i = 0; i < call->count && !answer->broken; i++)
		cw_wire_get_renewal_info(answer, call->infos[i]);
}

struct cw_ca_call *
cw_ca_renewal_info(struct cw_ca *ca, struct cw_acme_renewal_info *const *infos, size_t count,
		   cw_ca_done done, void *context)
{
	struct cw_message *message = cw_ca_request(ca, CW_NETWORK_RENEWAL_INFO);
	cw_auto_strv struct cw_strv identifiers = {0};
	struct cw_ca_call *call;

	for (size_t i = 0; i < count; i++)
		cw_strv_add(&identifiers, infos[i]->certificate_id);
	cw_message_put_list(message, &identifiers);
	call = cw_ca_ask(ca, message, take_renewal_info, done, context);
	call->infos = cw_calloc(count + 1, sizeof(struct cw_acme_renewal_info *));
	memcpy(call->infos, infos, count * sizeof(struct cw_acme_renewal_info *));
	call->count = count;
	return call;
}
