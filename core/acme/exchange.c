#include <stdlib.h>
#include <string.h>
#include "acme/call.h"
#include "acme/reply.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

enum { ERROR_FIRST = 400 /* HTTP status */ };

static const struct cw_acme_signer none;

static void
on_reply(struct cw_acme_call *call, struct cw_http_answer *answer, struct cw_error *error)
{
	if (answer != NULL)
		cw_acme_reply_read(answer, call->url, &call->request, &call->reply);
	if (call->reply.status / 100 == 2)
		cw_acme_limit_over(call->acme);
	if (answer != NULL && cw_acme_reply_judge(&call->reply, &call->request, error) == CW_OK)
		cw_acme_call_deliver(call, NULL);
	else if (cw_acme_problem_is_bad_nonce(&call->reply) && !call->request.plain)
		cw_acme_call_retry_with_new_nonce(call, error);
	else if (!cw_acme_directory_blamed(call, call->resource, error))
		cw_acme_call_failed(call, error);
}

void
cw_acme_count_end(struct cw_acme *acme, const struct cw_http_answer *answer)
{
	if (answer == NULL || answer->status >= ERROR_FIRST)
		acme->count.failed++;
}

static void
on_answer(void *context, struct cw_http_answer *answer, const struct cw_error *http_error)
{
	struct cw_acme_call *call = context;
	cw_auto_error struct cw_error error = {0};

	call->exchange = NULL;
	call->acme->in_flight--;
	cw_acme_count_end(call->acme, answer);
	cw_acme_reply_reset(&call->reply);
	call->reply.elapsed = cw_now_ms() - call->sent_at;
	if (answer != NULL) {
		cw_acme_nonce_keep(call->acme, cw_http_header(answer, "replay-nonce"));
	} else {
		cw_error_copy(&error, http_error);
		cw_context(&error, "%s failed", call->what);
	}
	on_reply(call, answer, &error);
}

/* Sends the request, with JWS as its body; NULL: a plain GET. */
static void
send_request(struct cw_acme_call *call, const char *jws)
{
	cw_autofree char *accept =
		call->accept == NULL ? NULL : cw_format("Accept: %s", call->accept);
	const char *headers[3] = {"Content-Type: application/jose+json", accept, NULL};
	struct cw_http_message message = {
		.method = "POST",
		.url = call->url,
		.headers = headers,
		.limit = CW_ACME_BODY_MAX,
		.quiet = call->request.quiet,
	};

	if (jws == NULL) {
		message.method = "GET";
		message.headers = headers + 1;
		message.redirections = CW_HTTP_REDIRECTIONS_MAX;
	} else {
		message.body = jws;
		message.body_length = strlen(jws);
	}
	call->phase = CW_ACME_SENT;
	call->sent_at = cw_now_ms();
	call->exchange = cw_http_start(call->acme->http, &message, on_answer, call, &call->error);
	if (call->exchange != NULL) {
		call->acme->count.sent++;
		return;
	}
	call->acme->in_flight--;
	cw_acme_call_fail_soon(call);
}

static void
on_signed(void *context, const char *jws, const struct cw_error *error)
{
	struct cw_acme_call *call = context;

	call->asked = none;
	if (jws != NULL) {
		free(cw_take(&call->nonce));
		send_request(call, jws);
		return;
	}
	cw_acme_nonce_give_back(call);
	call->acme->in_flight--;
	cw_error_copy(&call->error, error);
	cw_acme_call_fail_soon(call);
}

/* Has the JWS of a call made (RFC 8555 section 6.2). */
static void
sign(struct cw_acme_call *call)
{
	struct cw_acme_signer signer =
		call->signer.sign != NULL ? call->signer : call->acme->signer;
	struct cw_acme_to_sign what = {.url = call->url,
				       .nonce = call->nonce,
				       .kid = call->request.with_jwk ? NULL
								     : call->acme->account_url,
				       .payload = call->payload};

	if (signer.sign == NULL) {
		cw_fail(&call->error, CW_E_INVALID, "there is no account key to sign with");
	} else if (what.kid == NULL && !call->request.with_jwk) {
		cw_fail(&call->error, CW_E_INVALID, "%s needs an account", call->what);
	} else {
		call->phase = CW_ACME_SIGNED;
		call->acme->in_flight++;
		call->asked = signer;
		signer.sign(signer.context, &what, on_signed, call);
		return;
	}
	cw_acme_call_fail_soon(call);
}

void
cw_acme_call_launch(struct cw_acme_call *call)
{
	/* The directory may have been fetched again in the meantime. */
	if (call->resource != NULL && !call->request.pinned) {
		free(call->url);
		call->request.url = call->url = cw_acme_call_resource_url(call);
	}
	if (!call->request.plain) {
		sign(call);
		return;
	}
	call->acme->in_flight++;
	send_request(call, NULL);
}

void
cw_acme_call_break_off(struct cw_acme_call *call)
{
	if (call->exchange == NULL && call->asked.sign == NULL)
		return;
	call->acme->in_flight--;
	cw_http_cancel(cw_take(&call->exchange));
	if (call->asked.cancel != NULL)
		call->asked.cancel(call->asked.context, call);
	call->asked = none;
}
