#include "acme/internal.h"
#include "acme/problem.h"
#include "base/mem.h"
#include "base/text.h"

static bool
is_deactivated(struct cw_acme *acme, const char *url)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	struct cw_acme_request request = {.what = "the query of the authorization", .url = url};

	return cw_acme_call_run(acme, &request, &reply, NULL) == CW_OK &&
	       cw_equal(cw_json_string(reply.body, "status"), "deactivated");
}

int
cw_acme_authorization_deactivate(struct cw_acme *acme, const char *url, struct cw_error *error)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	cw_auto_error struct cw_error failure = {0};
	cw_autofree char *what = cw_format("the deactivation of the authorization \"%s\"", url);
	struct cw_acme_request request = {.what = what,
					  .url = url,
					  .payload = "{\"status\":\"deactivated\"}",
					  .expect = CW_ACME_EXPECT_ANY};
	int status = cw_acme_need_account(acme, error);

	if (status != CW_OK)
		return status;
	if (!cw_acme_url_ok(acme, url))
		return cw_fail(error, CW_E_INVALID, "\"%s\" is not the URL of an authorization",
			       url);
	status = cw_acme_call_run(acme, &request, &reply, &failure);
	/* It may have been already, be it by an attempt whose answer was lost. */
	if (status == CW_E_ACME && is_deactivated(acme, url))
		return CW_OK;
	if (status != CW_OK)
		cw_error_move(error, &failure);
	return status;
}

int
cw_acme_revoke(struct cw_acme *acme, const char *certificate, int reason,
	       const struct cw_signer *signer, struct cw_error *error)
{
	cw_auto_reply struct cw_acme_reply reply = {0};
	cw_auto_error struct cw_error failure = {0};
	cw_auto_json struct json_object *payload = cw_json_new_object();
	struct cw_acme_request request = {.what = "the revocation",
					  .signer = signer,
					  .with_jwk = signer != NULL,
					  .expect = CW_ACME_EXPECT_ANY};
	int status = signer == NULL ? cw_acme_need_account(acme, error) : CW_OK;

	if (status == CW_OK)
		status = cw_acme_need_resource(acme, "revokeCert", &request.url, error);
	if (status != CW_OK)
		return status;
	cw_json_set_string(payload, "certificate", certificate);
	if (reason >= 0)
		cw_json_set_int(payload, "reason", reason);
	request.payload = cw_json_text(payload);
	status = cw_acme_call_run(acme, &request, &reply, &failure);
	/* The answer to the attempt that did it was lost. */
	if (status != CW_OK && reply.resent && cw_acme_problem_named(&failure, "alreadyRevoked"))
		return CW_OK;
	if (status != CW_OK)
		cw_error_move(error, &failure);
	return status;
}
