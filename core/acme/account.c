#include "acme/internal.h"
#include "acme/problem.h"
#include "base/mem.h"
#include "base/text.h"

int
cw_acme_need_account(const struct cw_acme *acme, struct cw_error *error)
{
	if (acme->account_url != NULL)
		return CW_OK;
	return cw_fail(error, CW_E_INVALID, "there is no usable account at \"%s\"",
		       acme->directory_url);
}

void
cw_acme_sign_with(struct cw_acme *acme, const struct cw_acme_signer *signer)
{
	acme->signer = *signer;
}

void
cw_acme_account_use(struct cw_acme *acme, const char *url)
{
	char *copy = cw_strdup(url);

	free(acme->account_url);
	acme->account_url = copy;
}

/* An operation on the account with one request, two for a lost change of the key. */
struct account_operation {
	struct cw_acme_operation operation;
	char **url;
	bool *created;                /* NULL: not wanted */
	struct json_object **body;    /* NULL: not wanted */
	struct cw_acme_signer signer; /* the new one */
	struct cw_error failure;      /* of the change of the key */
};

static struct json_object *
registration_payload(const struct cw_acme_registration *registration)
{
	struct json_object *payload = cw_json_new_object();

	if (registration->contacts != NULL && registration->contacts->count > 0)
		cw_json_set(payload, "contact", cw_json_from_strv(registration->contacts));
	if (registration->terms_agreed)
		cw_json_set_bool(payload, "termsOfServiceAgreed", true);
	if (registration->only_existing)
		cw_json_set_bool(payload, "onlyReturnExisting", true);
	if (registration->binding != NULL)
		cw_json_set(payload, "externalAccountBinding",
			    json_object_get(registration->binding));
	return payload;
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
	cw_fail(error, CW_E_ACME, "the account \"%s\" is not valid; its status is \"%s\"", url,
		shown);
	cw_hint(error, "register a new account with: certwright register");
	return CW_E_ACME;
}

static int
read_account(struct account_operation *account, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme *acme = account->operation.acme;
	int status;

	if (!cw_acme_url_ok(acme, reply->location)) {
		cw_fail(error, CW_E_PROTOCOL,
			"\"%s\" answered without a usable Location header for the account",
			cw_acme_resource(acme, "newAccount"));
		cw_acme_hint_nonsense(error);
		return CW_E_PROTOCOL;
	}
	status = check_status(reply->body, reply->location, error);
	if (status != CW_OK)
		return status;
	cw_acme_account_use(acme, reply->location);
	*account->url = cw_take(&reply->location);
	if (account->created != NULL)
		*account->created = reply->status == 201;
	*account->body = cw_take(&reply->body);
	return CW_OK;
}

static void
on_new_account(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct account_operation *account = context;
	cw_auto_error struct cw_error nonsense = {0};

	account->operation.call = NULL;
	if (error == NULL && read_account(account, reply, &nonsense) != CW_OK)
		error = &nonsense;
	cw_acme_operation_end(&account->operation, error);
}

struct cw_acme_operation *
cw_acme_account_new_start(struct cw_acme *acme, const struct cw_acme_registration *registration,
			  char **url, bool *created, struct json_object **body, cw_acme_done done,
			  void *context)
{
	struct account_operation *account =
		cw_acme_operation_new(acme, sizeof(*account), done, context);
	cw_auto_json struct json_object *payload = registration_payload(registration);
	struct cw_acme_request request = {.what = registration->only_existing ? "the account lookup"
									      : "the new account",
					  .resource = "newAccount",
					  .pinned = registration->binding != NULL,
					  .with_jwk = true,
					  .payload = cw_json_text(payload)};

	account->url = url;
	account->created = created;
	account->body = body;
	account->operation.call = cw_acme_call_start(acme, &request, on_new_account, account);
	return &account->operation;
}

static void
on_account(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct account_operation *account = context;

	account->operation.call = NULL;
	if (error == NULL && account->body != NULL)
		*account->body = cw_take(&reply->body);
	cw_acme_operation_end(&account->operation, error);
}

/* Sends REQUEST about the account itself, whose URL is put in. */
static struct cw_acme_operation *
ask(struct account_operation *account, struct cw_acme_request *request, cw_acme_callback callback)
{
	struct cw_acme_operation *operation = &account->operation;
	cw_auto_error struct cw_error error = {0};

	if (request->resource == NULL)
		request->url = operation->acme->account_url;
	if (cw_acme_need_account(operation->acme, &error) != CW_OK)
		cw_acme_operation_end(operation, &error);
	else
		operation->call = cw_acme_call_start(operation->acme, request, callback, account);
	return operation;
}

struct cw_acme_operation *
cw_acme_account_get_start(struct cw_acme *acme, struct json_object **body, cw_acme_done done,
			  void *context)
{
	struct account_operation *account =
		cw_acme_operation_new(acme, sizeof(*account), done, context);
	struct cw_acme_request request = {.what = "the request for the account"};

	account->body = body;
	return ask(account, &request, on_account);
}

struct cw_acme_operation *
cw_acme_account_update_start(struct cw_acme *acme, const struct cw_strv *contacts,
			     struct json_object **body, cw_acme_done done, void *context)
{
	struct account_operation *account =
		cw_acme_operation_new(acme, sizeof(*account), done, context);
	cw_auto_json struct json_object *payload = cw_json_new_object();
	struct cw_acme_request request = {.what = "the update of the account"};

	cw_json_set(payload, "contact", cw_json_from_strv(contacts));
	request.payload = cw_json_text(payload);
	account->body = body;
	return ask(account, &request, on_account);
}

static void
on_deactivated(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct account_operation *account = context;

	account->operation.call = NULL;
	/* The answer to the attempt that did it was lost; a dead account can ask nothing. */
	if (error != NULL && reply->resent && cw_acme_problem_named(error, "unauthorized"))
		error = NULL;
	cw_acme_operation_end(&account->operation, error);
}

struct cw_acme_operation *
cw_acme_account_deactivate_start(struct cw_acme *acme, cw_acme_done done, void *context)
{
	struct account_operation *account =
		cw_acme_operation_new(acme, sizeof(*account), done, context);
	struct cw_acme_request request = {.what = "the deactivation of the account",
					  .payload = "{\"status\":\"deactivated\"}",
					  .expect = CW_ACME_EXPECT_ANY};

	return ask(account, &request, on_deactivated);
}

static void
end_change(struct account_operation *account, struct cw_error *error)
{
	if (error == NULL)
		account->operation.acme->signer = account->signer;
	cw_acme_operation_end(&account->operation, error);
}

static void
on_new_key_asked(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct account_operation *account = context;

	(void)reply;
	account->operation.call = NULL;
	end_change(account, error == NULL ? NULL : &account->failure);
}

static void
on_key_changed(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct account_operation *account = context;
	struct cw_acme_request request = {.what = "the request for the account",
					  .signer = &account->signer};

	(void)reply;
	account->operation.call = NULL;
	/* When an answer was lost the change may have been made, and a second request refused for
	 * whatever reason: the new key then works. */
	if (error != NULL && (error->status == CW_E_ACME || error->status == CW_E_NETWORK ||
			      error->status == CW_E_TIMEOUT || error->status == CW_E_PROTOCOL ||
			      error->status == CW_E_NOT_FOUND)) {
		cw_error_move(&account->failure, error);
		ask(account, &request, on_new_key_asked);
		return;
	}
	end_change(account, error);
}

static void
release_change(struct cw_acme_operation *operation)
{
	struct account_operation *account = (struct account_operation *)operation;

	cw_error_clear(&account->failure);
}

struct cw_acme_operation *
cw_acme_account_change_key_start(struct cw_acme *acme, const struct cw_acme_signer *new_signer,
				 const char *change, cw_acme_done done, void *context)
{
	struct account_operation *account =
		cw_acme_operation_new(acme, sizeof(*account), done, context);
	struct cw_acme_request request = {.what = "the change of the account's key",
					  .resource = "keyChange",
					  .pinned = true,
					  .payload = change,
					  .expect = CW_ACME_EXPECT_ANY};

	account->operation.release = release_change;
	account->signer = *new_signer;
	return ask(account, &request, on_key_changed);
}
