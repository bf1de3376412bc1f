#include <stdlib.h>
#include "acme/internal.h"
#include "acme/problem.h"
#include "base/mem.h"
#include "base/text.h"

struct deactivation {
	struct cw_acme_operation operation;
	char *url;
	struct cw_error refusal;
};

/* It may have been already, be it by an attempt whose answer was lost. */
static void
on_looked(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct deactivation *deactivation = context;
	bool over = error == NULL && cw_equal(cw_json_string(reply->body, "status"), "deactivated");

	deactivation->operation.call = NULL;
	cw_acme_operation_end(&deactivation->operation, over ? NULL : &deactivation->refusal);
}

static void
on_deactivated(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct deactivation *deactivation = context;
	struct cw_acme_operation *operation = &deactivation->operation;
	struct cw_acme_request request = {.what = "the query of the authorization",
					  .url = deactivation->url};

	(void)reply;
	operation->call = NULL;
	if (error == NULL || error->status != CW_E_ACME) {
		cw_acme_operation_end(operation, error);
		return;
	}
	cw_error_move(&deactivation->refusal, error);
	operation->call = cw_acme_call_start(operation->acme, &request, on_looked, deactivation);
}

static void
release_deactivation(struct cw_acme_operation *operation)
{
	struct deactivation *deactivation = (struct deactivation *)operation;

	free(deactivation->url);
	cw_error_clear(&deactivation->refusal);
}

struct cw_acme_operation *
cw_acme_authorization_deactivate_start(struct cw_acme *acme, const char *url, cw_acme_done done,
				       void *context)
{
	struct deactivation *deactivation =
		cw_acme_operation_new(acme, sizeof(*deactivation), done, context);
	struct cw_acme_operation *operation = &deactivation->operation;
	cw_autofree char *what = cw_format("the deactivation of the authorization \"%s\"", url);
	struct cw_acme_request request = {.what = what,
					  .url = url,
					  .payload = "{\"status\":\"deactivated\"}",
					  .expect = CW_ACME_EXPECT_ANY};
	cw_auto_error struct cw_error error = {0};
	int status = cw_acme_need_account(acme, &error);

	operation->release = release_deactivation;
	deactivation->url = cw_strdup(url);
	if (status == CW_OK && !cw_acme_url_ok(acme, url))
		status = cw_fail(&error, CW_E_INVALID, "\"%s\" is not the URL of an authorization",
				 url);
	if (status != CW_OK)
		cw_acme_operation_end(operation, &error);
	else
		operation->call = cw_acme_call_start(acme, &request, on_deactivated, deactivation);
	return operation;
}

static void
on_revoked(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme_operation *operation = context;

	operation->call = NULL;
	/* The answer to the attempt that did it was lost. */
	if (error != NULL && reply->resent && cw_acme_problem_named(error, "alreadyRevoked"))
		error = NULL;
	cw_acme_operation_end(operation, error);
}

struct cw_acme_operation *
cw_acme_revoke_start(struct cw_acme *acme, const char *certificate, int reason,
		     const struct cw_acme_signer *signer, cw_acme_done done, void *context)
{
	struct cw_acme_operation *operation =
		cw_acme_operation_new(acme, sizeof(*operation), done, context);
	cw_auto_json struct json_object *payload = cw_json_new_object();
	cw_auto_error struct cw_error error = {0};
	struct cw_acme_request request = {.what = "the revocation",
					  .resource = "revokeCert",
					  .signer = signer,
					  .with_jwk = signer != NULL,
					  .expect = CW_ACME_EXPECT_ANY};

	if (signer == NULL && cw_acme_need_account(acme, &error) != CW_OK) {
		cw_acme_operation_end(operation, &error);
		return operation;
	}
	cw_json_set_string(payload, "certificate", certificate);
	if (reason >= 0)
		cw_json_set_int(payload, "reason", reason);
	request.payload = cw_json_text(payload);
	operation->call = cw_acme_call_start(acme, &request, on_revoked, operation);
	return operation;
}
