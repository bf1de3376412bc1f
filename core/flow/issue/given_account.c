#include "flow/issue/given_account.h"
#include <string.h>
#include "base/text.h"
#include "flow/issue/accounts.h"
#include "flow/issue/server.h"

static int
key_from_text(const char *text, const char *what, struct cw_key **key, struct cw_error *error)
{
	cw_auto_secret_json struct json_object *jwk = NULL;
	int status;

	if (text[strspn(text, " \t\r\n")] != '{')
		return cw_key_from_pem(text, strlen(text), what, key, error);
	status = cw_json_parse_secret(text, strlen(text), what, &jwk, error);
	return status < 0 ? status : cw_key_from_jwk(jwk, what, key, error);
}

int
cw_given_key(struct json_object *value, const char *what, struct cw_key **key,
	     struct cw_error *error)
{
	*key = NULL;
	if (json_object_is_type(value, json_type_string))
		return key_from_text(json_object_get_string(value), what, key, error);
	if (json_object_is_type(value, json_type_object))
		return cw_key_from_jwk(value, what, key, error);
	return cw_fail(error, CW_E_USAGE, "%s is neither PEM nor a JWK", what);
}

int
cw_given_account_key(const struct cw_context *context, struct cw_key **key, struct cw_error *error)
{
	struct json_object *given = cw_json_object(context->request, "account");
	struct json_object *value = NULL;

	*key = NULL;
	if (given == NULL)
		return CW_OK;
	json_object_object_get_ex(given, "key", &value);
	return cw_given_key(value, "the account's key", key, error);
}

int
cw_given_account(struct cw_context *context, struct cw_account **account, struct cw_error *error)
{
	struct json_object *given = cw_json_object(context->request, "account");
	const char *uri = cw_json_string(given, "uri");
	struct cw_key *key = NULL;
	int status = cw_given_account_key(context, &key, error);

	*account = NULL;
	if (status < 0 || key == NULL)
		return status;
	if (uri == NULL)
		return cw_account_find(context, context->settings, key, account, error);
	*account = cw_alloc(sizeof(**account));
	(*account)->id = cw_key_account_id(key);
	(*account)->server = cw_strdup(cw_server_url(context->settings));
	(*account)->uri = cw_strdup(uri);
	(*account)->body = cw_json_new_object();
	(*account)->key = key;
	return CW_OK;
}

struct json_object *
cw_given_account_describe(const struct cw_account *account, bool created, const char *status)
{
	struct json_object *object = cw_json_new_object();
	cw_autofree char *thumbprint = cw_key_thumbprint(account->key);
	cw_autosecret char *pem = cw_key_to_pem(account->key);

	cw_json_set_string(object, "uri", account->uri);
	cw_json_set_string(object, "key", pem);
	cw_json_set_string(object, "thumbprint", thumbprint);
	cw_json_set(object, "contact", cw_account_addresses(account->body));
	cw_json_set_bool(object, "created", created);
	cw_json_set_string(object, "status", status);
	return object;
}
