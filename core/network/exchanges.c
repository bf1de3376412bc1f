/* Plain HTTP: for plugins, and to ask whether certificates are revoked. */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "crypto/ocsp.h"
#include "network/internal.h"

enum { OCSP_ANSWER_MAX = 64 * 1024, OCSP_LIMIT = 10000, HEADERS_MAX = 128 };

struct exchange_job {
	struct cw_serving job;
	struct cw_http_exchange *exchange;
	struct cw_timer *timer;
	char *url;
	int64_t limit; /* milliseconds */
	/* What becomes of the answer. */
	void (*take)(struct exchange_job *exchange, struct cw_http_answer *answer);
	struct cw_certificate *certificate;
	struct cw_certificate *issuer;
};

static void
clear(struct cw_serving *job)
{
	struct exchange_job *exchange = (struct exchange_job *)job;

	cw_http_cancel(exchange->exchange);
	cw_loop_cancel(job->process->loop, exchange->timer);
	cw_certificate_free(exchange->certificate);
	cw_certificate_free(exchange->issuer);
	free(exchange->url);
}

static void
on_answer(void *context, struct cw_http_answer *answer, const struct cw_error *error)
{
	struct exchange_job *exchange = context;

	exchange->exchange = NULL;
	if (answer == NULL)
		cw_serving_fail(&exchange->job, error);
	else
		exchange->take(exchange, answer);
}

static void
on_timer(void *context)
{
	struct exchange_job *exchange = context;
	cw_auto_error struct cw_error error = {0};

	exchange->timer = NULL;
	cw_fail(&error, CW_E_TIMEOUT, "\"%s\" did not answer within %lld seconds", exchange->url,
		(long long)exchange->limit / 1000);
	cw_serving_fail(&exchange->job, &error);
}

static void
start(struct exchange_job *exchange, struct cw_http_message *message)
{
	struct cw_network_process *process = exchange->job.process;
	cw_auto_error struct cw_error error = {0};

	message->url = exchange->url;
	exchange->exchange = cw_http_start(process->http, message, on_answer, exchange, &error);
	if (exchange->exchange == NULL)
		cw_serving_fail(&exchange->job, &error);
	else if (exchange->limit > 0)
		exchange->timer = cw_loop_timer(process->loop, exchange->limit, on_timer, exchange);
}

static void
take_http(struct exchange_job *exchange, struct cw_http_answer *answer)
{
	struct cw_message *message = cw_serving_answer();

	cw_message_put_int(message, answer->status);
	cw_message_put_list(message, &answer->headers);
	cw_message_put_bytes(message, cw_buf_text(&answer->body), answer->body.length);
	cw_serving_finish(&exchange->job, message);
}

void
cw_serve_http(struct cw_network_process *process, struct cw_message *request)
{
	struct exchange_job *exchange = cw_serving_new(process, request, sizeof(*exchange), clear);
	cw_autofree char *method = cw_message_need_text(request, CW_MESSAGE_NAME);
	cw_auto_strv struct cw_strv headers = {0};
	cw_auto_buf struct cw_buf body = {0};
	cw_auto_error struct cw_error error = {0};
	struct cw_http_tls tls = {0};
	struct cw_http_message message = {.method = method, .tls = &tls};
	cw_autofree char *trusted = NULL, *certificate = NULL;
	cw_autosecret char *key = NULL;
	bool has_body;

	exchange->take = take_http;
	exchange->url = cw_message_need_text(request, CW_MESSAGE_LINE);
	cw_message_get_list(request, HEADERS_MAX, CW_MESSAGE_LINE, &headers);
	has_body = cw_message_get_bool(request);
	cw_message_get_bytes(request, CW_MESSAGE_BODY, &body);
	exchange->limit = cw_message_get_int(request, 0, INT32_MAX);
	message.limit = (size_t)cw_message_get_int(request, 0, CW_MESSAGE_BODY);
	message.redirections = (unsigned)cw_message_get_int(request, 0, CW_HTTP_REDIRECTIONS_MAX);
	tls.no_verify = cw_message_get_bool(request);
	tls.ca_certificates = trusted = cw_message_get_text(request, CW_MESSAGE_BODY);
	tls.client_certificate = certificate = cw_message_get_text(request, CW_MESSAGE_BODY);
	tls.client_key = key = cw_message_get_text(request, CW_MESSAGE_LINE);
	if (cw_message_finish(request, "the coordinator", &error) < 0) {
		cw_serving_fail(&exchange->job, &error);
		return;
	}
	message.headers = (const char *const *)cw_strv_items(&headers);
	message.body = has_body ? cw_buf_text(&body) : NULL;
	message.body_length = body.length;
	start(exchange, &message);
}

static void
take_ocsp(struct exchange_job *exchange, struct cw_http_answer *answer)
{
	enum cw_ocsp_state state = CW_OCSP_UNKNOWN;
	cw_auto_error struct cw_error error = {0};
	struct cw_message *message;

	if (answer->status != 200)
		cw_fail(&error, CW_E_PROTOCOL, "\"%s\" answered with HTTP status %d", exchange->url,
			answer->status);
	else
		cw_ocsp_read(cw_buf_text(&answer->body), answer->body.length, exchange->certificate,
			     exchange->issuer, &state, NULL, &error);
	if (error.status < 0) {
		cw_serving_fail(&exchange->job, &error);
		return;
	}
	message = cw_serving_answer();
	cw_message_put_int(message, state);
	cw_message_put_bytes(message, cw_buf_text(&answer->body), answer->body.length);
	cw_serving_finish(&exchange->job, message);
}

static void
get_certificate(struct cw_message *request, const char *what, struct cw_certificate **certificate,
		struct cw_error *error)
{
	cw_autofree char *pem = cw_message_need_text(request, CW_MESSAGE_LINE);

	if (error->status == CW_OK)
		cw_certificate_from_pem(pem, strlen(pem), what, certificate, error);
}

/* RFC 6960 appendix A.1. */
void
cw_serve_ocsp(struct cw_network_process *process, struct cw_message *request)
{
	static const char *const headers[] = {"Content-Type: application/ocsp-request",
					      "Accept: application/ocsp-response", NULL};
	struct exchange_job *exchange = cw_serving_new(process, request, sizeof(*exchange), clear);
	cw_auto_buf struct cw_buf question = {0};
	cw_auto_error struct cw_error error = {0};
	struct cw_http_message message = {
		.method = "POST",
		.headers = headers,
		.limit = OCSP_ANSWER_MAX,
		.redirections = CW_HTTP_REDIRECTIONS_MAX,
	};

	exchange->take = take_ocsp;
	exchange->limit = OCSP_LIMIT;
	exchange->url = cw_message_need_text(request, CW_MESSAGE_LINE);
	get_certificate(request, "a certificate", &exchange->certificate, &error);
	get_certificate(request, "its issuer", &exchange->issuer, &error);
	if (error.status == CW_OK)
		cw_message_finish(request, "the coordinator", &error);
	if (error.status == CW_OK)
		cw_ocsp_request(exchange->certificate, exchange->issuer, &question, &error);
	if (error.status < 0) {
		cw_serving_fail(&exchange->job, &error);
		return;
	}
	message.body = cw_buf_text(&question);
	message.body_length = question.length;
	start(exchange, &message);
}
