/* The requests about an order, its authorizations and its challenges. */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "crypto/csr.h"
#include "crypto/x509.h"
#include "flow/issue/challenges.h"
#include "flow/orders/orders.h"
#include "flow/orders/step.h"

/* Adds the CA's OBJECT as NAME to RESULT, with its URL. */
static void
add_object(struct json_object *result, const char *name, const char *uri,
	   const struct cw_ca_post *post)
{
	cw_json_set_string(post->object, "uri", uri);
	cw_json_set(result, name, json_object_get(post->object));
	cw_step_add_retry(post, result);
}

static void
add_identifiers(struct json_object *list, const struct cw_strv *names, const char *type)
{
	for (size_t i = 0; i < names->count; i++) {
		struct json_object *identifier = cw_json_new_object();

		cw_json_set_string(identifier, "type", type);
		cw_json_set_string(identifier, "value", names->items[i]);
		cw_json_append(list, identifier);
	}
}

/* The identifier of the certificate that is replaced (RFC 9773 section 5). */
static int
add_replaced(struct json_object *payload, const char *pem, struct cw_error *error)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_autofree char *id = NULL;
	int status;

	if (pem == NULL)
		return CW_OK;
	status = cw_certificate_from_pem(pem, strlen(pem), "replaces", &certificate, error);
	if (status < 0)
		return status;
	id = cw_certificate_ari_id(certificate);
	if (id == NULL)
		return cw_fail(error, CW_E_INVALID,
			       "the certificate in \"replaces\" has no authority key identifier");
	cw_json_set_string(payload, "replaces", id);
	return CW_OK;
}

static int
make_order(const struct cw_step *step, struct json_object *payload, struct cw_error *error)
{
	static const char *const texts[][2] = {
		{"profile", "profile"}, {"not_before", "notBefore"}, {"not_after", "notAfter"}};
	struct json_object *list = cw_json_new_array();
	cw_auto_names struct cw_names names = {0};
	int status = cw_step_names(step, &names, error);

	cw_json_set(payload, "identifiers", list);
	if (status < 0)
		return status;
	add_identifiers(list, &names.dns, "dns");
	add_identifiers(list, &names.ip, "ip");
	for (size_t i = 0; i < CW_COUNT(texts); i++) {
		const char *text = cw_json_string(step->request, texts[i][0]);

		if (text != NULL)
			cw_json_set_string(payload, texts[i][1], text);
	}
	return add_replaced(payload, cw_json_string(step->request, "replaces"), error);
}

int
cw_flow_order_new(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_step struct cw_step step = {0};
	cw_auto_json struct json_object *payload = cw_json_new_object();
	cw_auto_ca_post struct cw_ca_post post = {.what = "the new order", .resource = "newOrder"};
	int status = cw_step_begin(context, &step, error);

	if (status == CW_OK)
		status = make_order(&step, payload, error);
	if (status < 0)
		return status;
	post.payload = cw_json_text(payload);
	status = cw_step_post(&step, &post, false, error);
	if (status == CW_OK && post.location == NULL)
		status = cw_fail(error, CW_E_PROTOCOL, "the CA made an order without a URL");
	if (status == CW_OK)
		add_object(result, "order", post.location, &post);
	return status;
}

/* Sends PAYLOAD (NULL: asks for what is there) to the request's "uri". */
static int
ask(struct cw_context *context, struct cw_step *step, struct cw_ca_post *post, const char *payload,
    struct cw_error *error)
{
	int status = cw_step_begin(context, step, error);

	if (status == CW_OK)
		status = cw_step_need(step, "uri", &post->url, error);
	post->payload = payload;
	return status < 0 ? status : cw_step_post(step, post, false, error);
}

int
cw_flow_order_get(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_step struct cw_step step = {0};
	cw_auto_ca_post struct cw_ca_post post = {.what = "the order"};
	int status = ask(context, &step, &post, NULL, error);

	if (status == CW_OK)
		add_object(result, "order", post.url, &post);
	return status;
}

static int
encode_csr(const struct cw_step *step, char **encoded, struct cw_error *error)
{
	struct cw_csr csr = {0};
	const char *pem;
	int status = cw_step_need(step, "csr", &pem, error);

	if (status == CW_OK)
		status = cw_csr_read(pem, strlen(pem), "csr", &csr, error);
	if (status == CW_OK)
		*encoded = cw_base64url(csr.der.data, csr.der.length);
	cw_csr_clear(&csr);
	return status;
}

/* Where the CA takes the request for the certificate: as the host says, or as the CA's order does.
 */
static int
find_finalization(struct cw_context *context, struct cw_step *step, struct cw_ca_post *order,
		  const char **url, struct cw_error *error)
{
	int status;

	*url = cw_json_string(context->request, "finalize");
	if (*url != NULL) {
		status = cw_step_begin(context, step, error);
		return status < 0 ? status : cw_step_need(step, "uri", &order->url, error);
	}
	status = ask(context, step, order, NULL, error);
	if (status < 0)
		return status;
	*url = cw_json_string(order->object, "finalize");
	return *url != NULL
		       ? CW_OK
		       : cw_fail(error, CW_E_PROTOCOL, "the order at the CA has no \"finalize\"");
}

int
cw_flow_order_finalize(struct cw_context *context, struct json_object *result,
		       struct cw_error *error)
{
	cw_auto_step struct cw_step step = {0};
	cw_auto_ca_post struct cw_ca_post order = {.what = "the order"};
	cw_auto_ca_post struct cw_ca_post post = {.what = "the finalization of the order"};
	cw_auto_json struct json_object *payload = cw_json_new_object();
	cw_autofree char *csr = NULL;
	int status;

	step.request = context->request;
	status = encode_csr(&step, &csr, error);
	if (status == CW_OK)
		status = find_finalization(context, &step, &order, &post.url, error);
	if (status < 0)
		return status;
	cw_json_set_string(payload, "csr", csr);
	post.payload = cw_json_text(payload);
	status = cw_step_post(&step, &post, false, error);
	if (status == CW_OK)
		add_object(result, "order", order.url, &post);
	return status;
}

static bool
is_known(const char *type)
{
	static const char *const types[] = {"http-01", "dns-01", "tls-alpn-01"};

	for (size_t i = 0; type != NULL && i < CW_COUNT(types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

/* Adds what has to be published. IDENTIFIER: a member of an authorization; NULL: it is not known.
 * False: the token is none, so it must not become the name of a file or a part of a path. */
static bool
complete_challenge(const struct cw_step *step, struct json_object *challenge,
		   struct json_object *identifier)
{
	const char *type = cw_json_string(challenge, "type");
	const char *token = cw_json_string(challenge, "token");
	const char *identifier_type = cw_json_string(identifier, "type");
	cw_autofree char *thumbprint = NULL;
	cw_autofree char *authorization = NULL;
	cw_autofree char *validation = NULL;
	cw_autofree char *location = NULL;

	if (!is_known(type))
		return true;
	if (!cw_acme_token_ok(token))
		return false;
	thumbprint = cw_key_thumbprint(step->account->key);
	authorization = cw_format("%s.%s", token, thumbprint);
	cw_challenge_answer(type, identifier_type != NULL ? identifier_type : "dns",
			    cw_json_string(identifier, "value"), token, authorization, &validation,
			    &location);
	cw_json_set_string(challenge, "key_authorization", authorization);
	cw_json_set_string(challenge, "validation", validation);
	cw_json_set_string(challenge, "location", location);
	return true;
}

/* A challenge that cannot be used is left out, as in a command. */
static void
complete_authorization(const struct cw_step *step, struct json_object *authorization)
{
	struct json_object *list = cw_json_array(authorization, "challenges");

	for (size_t i = list != NULL ? json_object_array_length(list) : 0; i-- > 0;) {
		struct json_object *challenge = json_object_array_get_idx(list, i);

		if (!json_object_is_type(challenge, json_type_object))
			continue;
		cw_json_set_string(challenge, "uri", cw_json_string(challenge, "url"));
		if (!complete_challenge(step, challenge,
					cw_json_object(authorization, "identifier")))
			json_object_array_del_idx(list, i, 1);
	}
}

static int
authorization(struct cw_context *context, const char *payload, struct json_object *result,
	      struct cw_error *error)
{
	cw_auto_step struct cw_step step = {0};
	cw_auto_ca_post struct cw_ca_post post = {.what = "the authorization"};
	int status = ask(context, &step, &post, payload, error);

	if (status < 0)
		return status;
	complete_authorization(&step, post.object);
	add_object(result, "authorization", post.url, &post);
	return CW_OK;
}

int
cw_flow_authorization_get(struct cw_context *context, struct json_object *result,
			  struct cw_error *error)
{
	return authorization(context, NULL, result, error);
}

int
cw_flow_authorization_deactivate(struct cw_context *context, struct json_object *result,
				 struct cw_error *error)
{
	return authorization(context, "{\"status\":\"deactivated\"}", result, error);
}

static int
challenge(struct cw_context *context, const char *payload, struct json_object *result,
	  struct cw_error *error)
{
	cw_auto_step struct cw_step step = {0};
	cw_auto_ca_post struct cw_ca_post post = {.what = "the challenge"};
	int status = ask(context, &step, &post, payload, error);

	if (status < 0)
		return status;
	if (!complete_challenge(&step, post.object, NULL))
		return cw_fail(error, CW_E_PROTOCOL,
			       "the challenge \"%s\" of the CA has no usable token", post.url);
	add_object(result, "challenge", post.url, &post);
	return CW_OK;
}

int
cw_flow_challenge_get(struct cw_context *context, struct json_object *result,
		      struct cw_error *error)
{
	return challenge(context, NULL, result, error);
}

int
cw_flow_challenge_ready(struct cw_context *context, struct json_object *result,
			struct cw_error *error)
{
	return challenge(context, "{}", result, error);
}
