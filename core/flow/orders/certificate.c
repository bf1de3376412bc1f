/* The requests about a certificate, and about the CA itself. */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/text.h"
#include "crypto/csr.h"
#include "crypto/digest.h"
#include "crypto/x509.h"
#include "flow/issue/given_account.h"
#include "flow/issue/revoke.h"
#include "flow/issue/save.h"
#include "flow/orders/orders.h"
#include "flow/orders/step.h"

int
cw_flow_directory(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_step struct cw_step step = {0};
	struct json_object *object = cw_json_new_object();
	struct json_object *profiles = cw_json_new_object();
	const struct cw_wire_directory *directory;
	int status;

	cw_json_set(object, "profiles", profiles);
	cw_step_begin_alone(context, &step);
	cw_ca_fetch_anew(step.ca);
	status = cw_ca_wait_for(step.ca, cw_ca_open(step.ca, cw_ca_waited, &step.wait), &step.wait,
				error);
	if (status < 0) {
		json_object_put(object);
		return status;
	}
	directory = cw_ca_directory(step.ca);
	cw_json_set_string(object, "server", cw_ca_server(step.ca));
	cw_json_set_string(object, "terms_of_service", directory->terms_of_service);
	cw_json_set_bool(object, "external_account_required", directory->external_account_required);
	cw_json_set_bool(object, "renewal_info", directory->renewal_info);
	for (size_t i = 0; i < directory->profiles.count; i++)
		cw_json_set_string(profiles, directory->profiles.items[i],
				   directory->profile_descriptions.items[i]);
	cw_json_set(result, "directory", object);
	return CW_OK;
}

static void
add_fingerprint(const struct cw_certificate *certificate, struct json_object *object)
{
	cw_autofree char *encoded = cw_certificate_base64url(certificate);
	size_t length = 0;
	cw_autofree unsigned char *der = cw_base64url_decode(encoded, &length);
	cw_autofree char *digest = cw_sha256_hex(der, length);

	cw_json_set_string(object, "fingerprint", digest);
}

static int
describe_chain(const struct cw_ca_post *post, struct json_object *result, struct cw_error *error)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	struct json_object *object = cw_json_new_object();
	cw_autofree char *leaf = NULL;
	cw_autofree char *chain = NULL;
	cw_autofree char *fullchain = NULL;
	int status =
		cw_chain_split(post->pem, strlen(post->pem), &leaf, &chain, &certificate, error);

	if (status < 0) {
		json_object_put(object);
		return status;
	}
	fullchain = cw_format("%s%s", leaf, chain);
	cw_json_set_string(object, "url", post->url);
	cw_json_set_string(object, "certificate", leaf);
	cw_json_set_string(object, "chain", chain);
	cw_json_set_string(object, "fullchain", fullchain);
	cw_json_set(object, "alternates", cw_json_from_strv(&post->alternates));
	cw_certificate_describe(certificate, object);
	add_fingerprint(certificate, object);
	cw_json_set(result, "certificate", object);
	return CW_OK;
}

int
cw_flow_certificate_get(struct cw_context *context, struct json_object *result,
			struct cw_error *error)
{
	cw_auto_step struct cw_step step = {0};
	cw_auto_ca_post struct cw_ca_post post = {.what = "the certificate"};
	int status = cw_step_begin(context, &step, error);

	if (status == CW_OK)
		status = cw_step_need(&step, "uri", &post.url, error);
	if (status == CW_OK)
		status = cw_step_post(&step, &post, true, error);
	return status < 0 ? status : describe_chain(&post, result, error);
}

/* The request's certificate. */
static int
read_certificate(const struct cw_context *context, struct cw_certificate **certificate,
		 struct cw_error *error)
{
	const struct cw_step step = {.request = context->request};
	const char *pem;
	int status = cw_step_need(&step, "certificate", &pem, error);

	return status < 0 ? status
			  : cw_certificate_from_pem(pem, strlen(pem), "certificate", certificate,
						    error);
}

static int
find_reason(const struct cw_context *context, int *code, struct cw_error *error)
{
	const char *reason = cw_json_string(context->request, "reason");

	*code = cw_revocation_reason(reason != NULL ? reason : "unspecified");
	if (*code < 0)
		return cw_fail(error, CW_E_USAGE, "there is no reason \"%s\" to revoke", reason);
	return CW_OK;
}

/* Signed with the account's key, or with the certificate's if the request has that. */
static int
send_revocation(struct cw_context *context, const char *encoded, int reason, struct cw_error *error)
{
	cw_auto_step struct cw_step step = {0};
	cw_auto_key struct cw_key *key = NULL;
	struct json_object *value = NULL;
	int status;

	if (json_object_object_get_ex(context->request, "certificate_key", &value)) {
		status = cw_given_key(value, "the certificate's key", &key, error);
		if (status < 0)
			return status;
		cw_step_begin_alone(context, &step);
	} else {
		status = cw_step_begin(context, &step, error);
	}
	if (status < 0)
		return status;
	return cw_ca_wait_for(step.ca,
			      cw_ca_revoke(step.ca, encoded, reason, key, cw_ca_waited, &step.wait),
			      &step.wait, error);
}

int
cw_flow_revoke_given(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_auto_error struct cw_error refusal = {0};
	cw_autofree char *encoded = NULL;
	cw_autofree char *serial = NULL;
	struct json_object *object;
	int reason = 0;
	bool already;
	int status = read_certificate(context, &certificate, error);

	if (status == CW_OK)
		status = find_reason(context, &reason, error);
	if (status < 0)
		return status;
	encoded = cw_certificate_base64url(certificate);
	status = send_revocation(context, encoded, reason, &refusal);
	already = status < 0 && cw_is_revoked_already(&refusal);
	if (status < 0 && !already)
		return cw_error_move(error, &refusal);
	serial = cw_certificate_serial(certificate);
	object = cw_json_new_object();
	cw_json_set_string(object, "serial", serial);
	cw_json_set_bool(object, "already", already);
	cw_json_set(result, "revoked", object);
	return CW_OK;
}

int
cw_flow_renewal_info(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	cw_auto_step struct cw_step step = {0};
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	cw_autofree char *id = NULL;
	struct cw_acme_renewal_info info = {0};
	struct cw_acme_renewal_info *infos[] = {&info};
	int status = read_certificate(context, &certificate, error);

	if (status < 0)
		return status;
	id = cw_certificate_ari_id(certificate);
	if (id == NULL)
		return cw_fail(error, CW_E_INVALID,
			       "the certificate has no authority key identifier");
	info.certificate_id = id;
	cw_step_begin_alone(context, &step);
	status = cw_ca_wait_for(step.ca,
				cw_ca_renewal_info(step.ca, infos, 1, cw_ca_waited, &step.wait),
				&step.wait, error);
	if (status == CW_OK && info.error.status < 0)
		status = cw_error_move(error, &info.error);
	if (status == CW_OK) {
		struct json_object *object = cw_json_new_object();

		cw_json_set_time(object, "start", info.window_start);
		cw_json_set_time(object, "end", info.window_end);
		cw_json_set_string(object, "explanation_url", info.explanation_url);
		cw_json_set(result, "renewal_info", object);
		cw_json_set_int(result, "retry_after", info.retry_after / 1000);
	}
	free(info.explanation_url);
	cw_error_clear(&info.error);
	return status;
}

static int
find_key(const struct cw_context *context, struct cw_key **key, struct cw_error *error)
{
	const char *pem = cw_json_string(context->request, "key");
	struct cw_request *request;
	int status;

	if (pem != NULL)
		return cw_key_from_pem(pem, strlen(pem), "the key", key, error);
	request = cw_request_new("csr", context->settings);
	status = cw_request_key_make(request, key, error);
	cw_request_free(request);
	return status;
}

int
cw_flow_csr_new(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	const struct cw_step step = {.context = context, .request = context->request};
	cw_auto_names struct cw_names names = {0};
	cw_auto_key struct cw_key *key = NULL;
	cw_auto_buf struct cw_buf der = {0};
	const struct cw_csr_spec spec = {
		.dns_names = &names.dns,
		.ip_addresses = &names.ip,
		.must_staple = cw_json_bool(context->request, "must_staple", false),
	};
	int status = cw_step_names(&step, &names, error);

	if (status == CW_OK)
		status = find_key(context, &key, error);
	if (status == CW_OK)
		status = cw_csr_make(key, &spec, &der, error);
	if (status == CW_OK) {
		struct json_object *object = cw_json_new_object();
		cw_autosecret char *key_pem = cw_key_to_pem(key);
		cw_autofree char *csr_pem = cw_csr_to_pem(&der);

		cw_json_set_string(object, "csr", csr_pem);
		cw_json_set_string(object, "key", key_pem);
		cw_json_set(result, "csr", object);
	}
	return status;
}
