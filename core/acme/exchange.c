#include <string.h>
#include "acme/call.h"
#include "acme/reply.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

static void send_request(struct cw_acme_call *call);

/* Empties what an earlier attempt left. */
static void
reset_reply(struct cw_acme_reply *reply)
{
	bool resent = reply->resent;

	cw_acme_reply_clear(reply);
	reply->resent = resent;
}

static void
on_nonce(struct cw_acme_call *call, struct cw_http_answer *answer, struct cw_error *error)
{
	if (answer == NULL) {
		cw_acme_call_unanswered(call, error);
		return;
	}
	call->nonce = cw_acme_nonce_take(call->acme);
	if (answer->status / 100 == 2 && call->nonce != NULL) {
		send_request(call);
		return;
	}
	cw_acme_reply_read(answer, call->url, &call->request, &call->reply);
	if (answer->status / 100 == 2)
		cw_fail(error, CW_E_PROTOCOL,
			"the CA answered the request for a nonce without a Replay-Nonce header");
	else
		cw_fail(error, CW_E_PROTOCOL, "the CA answered HTTP %d to the request for a nonce",
			answer->status);
	cw_acme_reply_hint(&call->reply, error);
	if (cw_acme_reply_retryable(&call->reply))
		cw_acme_call_retry(call, error);
	else
		cw_acme_call_deliver(call, error);
}

static void
on_reply(struct cw_acme_call *call, struct cw_http_answer *answer, struct cw_error *error)
{
	if (answer == NULL) {
		cw_acme_call_unanswered(call, error);
		return;
	}
	cw_acme_reply_read(answer, call->url, &call->request, &call->reply);
	if (cw_acme_reply_judge(&call->reply, &call->request, error) == CW_OK)
		cw_acme_call_deliver(call, NULL);
	else if (cw_acme_problem_is_bad_nonce(&call->reply) && !call->request.plain)
		cw_acme_call_retry_with_new_nonce(call, error);
	else if (cw_acme_reply_retryable(&call->reply))
		cw_acme_call_retry(call, error);
	else
		cw_acme_call_deliver(call, error);
}

static void
on_answer(void *context, struct cw_http_answer *answer, const struct cw_error *http_error)
{
	struct cw_acme_call *call = context;
	cw_auto_error struct cw_error error = {0};
	bool nonce = call->phase == CW_ACME_FETCHES_NONCE;

	call->exchange = NULL;
	call->acme->in_flight--;
	reset_reply(&call->reply);
	call->reply.elapsed = cw_now_ms() - call->sent_at;
	if (answer != NULL) {
		cw_acme_nonce_keep(call->acme, answer);
	} else {
		cw_error_copy(&error, http_error);
		cw_context(&error, "%s failed", call->what);
	}
	if (nonce)
		on_nonce(call, answer, &error);
	else
		on_reply(call, answer, &error);
}

/* Starts MESSAGE as the call's exchange. */
static void
exchange(struct cw_acme_call *call, const struct cw_http_message *message, enum cw_acme_phase phase)
{
	call->phase = phase;
	call->sent_at = cw_now_ms();
	call->exchange = cw_http_start(call->acme->http, message, on_answer, call, &call->error);
	if (call->exchange != NULL)
		call->acme->in_flight++;
	else
		cw_acme_call_fail_soon(call);
}

static void
fetch_nonce(struct cw_acme_call *call)
{
	struct cw_http_message message = {.method = "HEAD"};

	if (cw_acme_need_resource(call->acme, "newNonce", &message.url, &call->error) != CW_OK)
		cw_acme_call_fail_soon(call);
	else
		exchange(call, &message, CW_ACME_FETCHES_NONCE);
}

/* The JWS of a call (RFC 8555 section 6.2); NULL with the call's error. */
static char *
sign(struct cw_acme_call *call)
{
	const struct cw_signer *signer =
		call->request.signer != NULL ? call->request.signer : call->acme->signer;
	cw_auto_json struct json_object *header = cw_json_new_object();
	char *jws = NULL;

	if (signer == NULL) {
		cw_fail(&call->error, CW_E_INVALID, "there is no account key to sign with");
		return NULL;
	}
	cw_json_set_string(header, "nonce", call->nonce);
	cw_json_set_string(header, "url", call->url);
	if (call->request.with_jwk) {
		cw_json_set(header, "jwk", json_object_get(signer->jwk));
	} else if (call->acme->account_url != NULL) {
		cw_json_set_string(header, "kid", call->acme->account_url);
	} else {
		cw_fail(&call->error, CW_E_INVALID, "%s needs an account", call->what);
		return NULL;
	}
	if (cw_jws_sign(signer, header, call->payload, &jws, &call->error) != CW_OK)
		return NULL;
	return jws;
}

static void
send_request(struct cw_acme_call *call)
{
	cw_autofree char *jws = NULL;
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

	if (call->request.plain) {
		message.method = "GET";
		message.headers = headers + 1;
		message.follow = true;
	} else {
		jws = sign(call);
		free(cw_take(&call->nonce));
		if (jws == NULL) {
			cw_acme_call_fail_soon(call);
			return;
		}
		message.body = jws;
		message.body_length = strlen(jws);
	}
	exchange(call, &message, CW_ACME_SENT);
}

void
cw_acme_call_launch(struct cw_acme_call *call)
{
	if (!call->request.plain && call->nonce == NULL)
		call->nonce = cw_acme_nonce_take(call->acme);
	if (call->request.plain || call->nonce != NULL)
		send_request(call);
	else
		fetch_nonce(call);
}
