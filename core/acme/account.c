#include "acme/internal.h"
#include "acme/problem.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

int
cw_acme_need_account(const struct cw_acme *acme, struct cw_error *error)
{
	if (acme->account_url != NULL)
		return CW_OK;
	return cw_fail(error, CW_E_INVALID, "there is no account at \"%s\" in use",
		       acme->directory_url);
}

void
cw_acme_account_use(struct cw_acme *acme, const char *url)
{
	char *copy = cw_strdup(url);

	free(acme->account_url);
	acme->account_url = copy;
}

/* Adds the external account binding (RFC 8555 section 7.3.4). */
static int
bind_account(const struct cw_acme *acme, const struct cw_acme_registration *registration,
	     const char *url, struct json_object *payload, struct cw_error *error)
{
	struct json_object *binding = NULL;
	int status;

	if (registration->eab_hmac_key == NULL)
		return cw_fail(error, CW_E_INVALID,
			       "the external account \"%s\" has no HMAC key; give --eab-hmac-key",
			       registration->eab_kid);
	cw_log_secret(registration->eab_hmac_key);
	status = cw_jws_external_account(
		acme->signer->jwk, registration->eab_kid, registration->eab_hmac_key,
		registration->eab_algorithm == NULL ? "HS256" : registration->eab_algorithm, url,
		&binding, error);
	if (status == CW_OK)
		cw_json_set(payload, "externalAccountBinding", binding);
	return status;
}

static int
registration_payload(const struct cw_acme *acme, const struct cw_acme_registration *registration,
		     const char *url, struct json_object *payload, struct cw_error *error)
{
	if (registration->contacts != NULL && registration->contacts->count > 0)
		cw_json_set(payload, "contact", cw_json_from_strv(registration->contacts));
	if (registration->terms_agreed)
		cw_json_set_bool(payload, "termsOfServiceAgreed", true);
	if (registration->only_existing)
		cw_json_set_bool(payload, "onlyReturnExisting", true);
	if (registration->eab_kid != NULL)
		return bind_account(acme, registration, url, payload, error);
	return CW_OK;
}

/* The account object must not say that the account is dead. */
static int
check_status(struct json_object *body, const char *url, struct cw_error *error)
{
	const char *state = cw_json_string(body, "status");
	cw_autofree char *shown = NULL;

	if (state == NULL || cw_equal(state, "valid"))
		return CW_OK;
	shown = cw_acme_printable(state, 40);
	cw_fail(error, CW_E_ACME, "the account \"%s\" is not valid but \"%s\"", url, shown);
	cw_hint(error, "make a new account with \"register\"");
	return CW_E_ACME;
}

int
cw_acme_account_new(struct cw_acme *acme, const struct cw_acme_registration *registration,
		    char **url, struct json_object **body, struct cw_error *error)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	cw_auto_json struct json_object *payload = cw_json_new_object();
	struct cw_acme_request request = {.what = "the new account", .with_jwk = true};
	int status;

	*url = NULL;
	*body = NULL;
	if (registration->only_existing)
		request.what = "the look-up of the account";
	if (acme->signer == NULL)
		return cw_fail(error, CW_E_INVALID, "there is no account key to sign with");
	status = cw_acme_need_resource(acme, "newAccount", &request.url, error);
	if (status == CW_OK)
		status = registration_payload(acme, registration, request.url, payload, error);
	if (status != CW_OK)
		return status;
	request.payload = cw_json_text(payload);
	status = cw_acme_call_run(acme, &request, &reply, error);
	if (status != CW_OK)
		return status;
	if (!cw_acme_url_ok(acme, reply.location)) {
		cw_fail(error, CW_E_PROTOCOL,
			"\"%s\" answered without a usable Location of the account", request.url);
		cw_acme_hint_nonsense(error);
		return CW_E_PROTOCOL;
	}
	status = check_status(reply.body, reply.location, error);
	if (status != CW_OK)
		return status;
	cw_acme_account_use(acme, reply.location);
	*url = cw_take(&reply.location);
	*body = cw_take(&reply.body);
	return CW_OK;
}

/* A request about the account itself; *BODY may be NULL. */
static int
account_call(struct cw_acme *acme, const char *what, struct json_object *payload,
	     const struct cw_signer *signer, struct json_object **body, struct cw_error *error)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	struct cw_acme_request request = {.what = what,
					  .url = acme->account_url,
					  .signer = signer,
					  .payload =
						  payload == NULL ? NULL : cw_json_text(payload)};
	int status = cw_acme_need_account(acme, error);

	if (status != CW_OK)
		return status;
	status = cw_acme_call_run(acme, &request, &reply, error);
	if (status == CW_OK && body != NULL)
		*body = cw_take(&reply.body);
	return status;
}

int
cw_acme_account_get(struct cw_acme *acme, struct json_object **body, struct cw_error *error)
{
	*body = NULL;
	return account_call(acme, "the query of the account", NULL, NULL, body, error);
}

int
cw_acme_account_update(struct cw_acme *acme, const struct cw_strv *contacts,
		       struct json_object **body, struct cw_error *error)
{
	cw_auto_json struct json_object *payload = cw_json_new_object();

	*body = NULL;
	cw_json_set(payload, "contact", cw_json_from_strv(contacts));
	return account_call(acme, "the update of the account", payload, NULL, body, error);
}

int
cw_acme_account_deactivate(struct cw_acme *acme, struct cw_error *error)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	cw_auto_error struct cw_error failure = {0};
	struct cw_acme_request request = {.what = "the deactivation of the account",
					  .url = acme->account_url,
					  .payload = "{\"status\":\"deactivated\"}",
					  .expect = CW_ACME_EXPECT_ANY};
	int status = cw_acme_need_account(acme, error);

	if (status != CW_OK)
		return status;
	status = cw_acme_call_run(acme, &request, &reply, &failure);
	/* The answer to the attempt that did it was lost; a dead account can ask nothing. */
	if (status != CW_OK && reply.resent && cw_acme_problem_named(&failure, "unauthorized"))
		return CW_OK;
	if (status != CW_OK)
		cw_error_move(error, &failure);
	return status;
}

/* The inner JWS, signed with the new key (RFC 8555 section 7.3.5). */
static int
key_change_payload(const struct cw_acme *acme, const struct cw_signer *new_signer, const char *url,
		   char **jws, struct cw_error *error)
{
	cw_auto_json struct json_object *header = cw_json_new_object();
	cw_auto_json struct json_object *payload = cw_json_new_object();

	cw_json_set(header, "jwk", json_object_get(new_signer->jwk));
	cw_json_set_string(header, "url", url);
	cw_json_set_string(payload, "account", acme->account_url);
	cw_json_set(payload, "oldKey", json_object_get(acme->signer->jwk));
	return cw_jws_sign(new_signer, header, cw_json_text(payload), jws, error);
}

int
cw_acme_account_change_key(struct cw_acme *acme, const struct cw_signer *new_signer,
			   struct cw_error *error)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	cw_autofree char *jws = NULL;
	struct cw_acme_request request = {.what = "the change of the account's key",
					  .expect = CW_ACME_EXPECT_ANY};
	int status = cw_acme_need_account(acme, error);

	if (acme->signer == NULL)
		return cw_fail(error, CW_E_INVALID, "there is no account key to sign with");
	if (status == CW_OK)
		status = cw_acme_need_resource(acme, "keyChange", &request.url, error);
	if (status == CW_OK)
		status = key_change_payload(acme, new_signer, request.url, &jws, error);
	if (status != CW_OK)
		return status;
	request.payload = jws;
	status = cw_acme_call_run(acme, &request, &reply, error);
	/* When an answer was lost the change may have been made, and a second request refused for
	 * whatever reason: the new key then works. */
	if ((status == CW_E_ACME || status == CW_E_NETWORK || status == CW_E_TIMEOUT ||
	     status == CW_E_PROTOCOL) &&
	    account_call(acme, "the query of the account", NULL, new_signer, NULL, NULL) == CW_OK) {
		cw_error_clear(error);
		status = CW_OK;
	}
	if (status == CW_OK)
		acme->signer = new_signer;
	return status;
}
