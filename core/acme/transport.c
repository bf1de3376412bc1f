#include "acme/transport.h"

#include <string.h>
#include "acme/internal.h"
#include "acme/reply.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum {
	NONCES_MAX = 64,
	NONCE_LENGTH_MAX = 512,
	BAD_NONCES_MAX = 25,     /* of one call */
	BAD_NONCES_AT_ONCE = 10, /* before there are pauses between the attempts */
	RETRIES = 6,
	BACKOFF_FIRST = 250,
	BACKOFF_MAX = 8000,
	POLL_FIRST_MIN = 2,
	POLL_FIRST_MAX = 50,
	POLL_MAX = 5000,
	LAST_POLL_BEFORE_DEADLINE = 1000
};

enum phase {
	QUEUED,        /* waits for one of the exchanges */
	FETCHES_NONCE, /* HEAD newNonce is in flight */
	SENT,          /* the request itself is in flight */
	WAITS          /* for a timer: of a back-off, or of a failure to be delivered */
};

struct cw_acme_call {
	struct cw_acme *acme;
	struct cw_acme_call *previous, *next;
	char *what, *url, *payload, *accept;
	struct cw_acme_request request; /* its strings are those above */
	cw_acme_callback callback;
	void *context;
	enum phase phase;
	struct cw_http_exchange *exchange;
	struct cw_timer *timer;
	char *nonce;
	int64_t deadline;
	int64_t sent_at;
	unsigned retries_left;
	unsigned bad_nonces;
	int64_t backoff;
	struct cw_acme_reply reply;
	struct cw_error error; /* of a failure that the timer delivers */
};

static void pump(struct cw_acme *acme);

/* ---- nonces */

static void
keep_nonce(struct cw_acme *acme, const struct cw_http_answer *answer)
{
	const char *nonce = cw_http_header(answer, "replay-nonce");

	/* RFC 8555 section 6.5.1: an invalid value is ignored. */
	if (nonce == NULL || !cw_acme_base64url_ok(nonce, NONCE_LENGTH_MAX))
		return;
	if (acme->nonces.count >= NONCES_MAX)
		cw_strv_remove(&acme->nonces, 0);
	cw_strv_add(&acme->nonces, nonce);
}

/* The freshest nonce, or NULL: the oldest are the likeliest that the server forgot. */
static char *
take_nonce(struct cw_acme *acme)
{
	char *nonce;

	if (acme->nonces.count == 0)
		return NULL;
	nonce = cw_strdup(acme->nonces.items[acme->nonces.count - 1]);
	cw_strv_remove(&acme->nonces, acme->nonces.count - 1);
	return nonce;
}

/* ---- the list of calls */

static void
append(struct cw_acme_call *call)
{
	struct cw_acme *acme = call->acme;

	call->previous = acme->last_call;
	if (acme->last_call != NULL)
		acme->last_call->next = call;
	else
		acme->first_call = call;
	acme->last_call = call;
}

static void
unlink_call(struct cw_acme_call *call)
{
	struct cw_acme *acme = call->acme;

	if (call->previous != NULL)
		call->previous->next = call->next;
	else
		acme->first_call = call->next;
	if (call->next != NULL)
		call->next->previous = call->previous;
	else
		acme->last_call = call->previous;
	call->previous = call->next = NULL;
}

static void
free_call(struct cw_acme_call *call)
{
	cw_acme_reply_clear(&call->reply);
	cw_error_clear(&call->error);
	free(call->what);
	free(call->url);
	/* It may hold an external account binding or a contact. */
	cw_free_secret(call->payload);
	free(call->accept);
	free(call->nonce);
	free(call);
}

static void
deliver(struct cw_acme_call *call, struct cw_error *error)
{
	struct cw_acme *acme = call->acme;

	unlink_call(call);
	call->callback(call->context, &call->reply, error);
	free_call(call);
	pump(acme);
}

void
cw_acme_call_cancel(struct cw_acme_call *call)
{
	if (call == NULL)
		return;
	if (call->exchange != NULL) {
		cw_http_cancel(call->exchange);
		call->acme->in_flight--;
	}
	cw_loop_cancel(call->acme->loop, call->timer);
	unlink_call(call);
	free_call(call);
}

/* ---- retries */

static void
on_backoff_over(void *context)
{
	struct cw_acme_call *call = context;

	call->timer = NULL;
	call->phase = QUEUED;
	pump(call->acme);
}

static void
on_failure_due(void *context)
{
	struct cw_acme_call *call = context;
	cw_auto_error struct cw_error error = {0};

	call->timer = NULL;
	cw_error_move(&error, &call->error);
	deliver(call, &error);
}

static void
wait_then_send(struct cw_acme_call *call, int64_t delay)
{
	call->phase = WAITS;
	call->timer = cw_loop_timer(call->acme->loop, delay, on_backoff_over, call);
}

/* Hands a failure to start, which is in call->error, to the loop. */
static void
fail_soon(struct cw_acme_call *call)
{
	call->phase = WAITS;
	call->timer = cw_loop_timer(call->acme->loop, 0, on_failure_due, call);
}

/* From half of the back-off to all of it, so that many clients do not come back at once. */
static int64_t
next_backoff(struct cw_acme_call *call)
{
	int64_t full = call->backoff == 0 ? BACKOFF_FIRST : call->backoff;

	call->backoff = full * 2 > BACKOFF_MAX ? BACKOFF_MAX : full * 2;
	return full / 2 + (int64_t)cw_random_below((uint64_t)full / 2 + 1);
}

/* Sends again after a while, or delivers ERROR. */
static void
retry(struct cw_acme_call *call, struct cw_error *error)
{
	int64_t delay = next_backoff(call);
	bool sent = call->phase == SENT;
	cw_autofree char *line = NULL;

	if (call->reply.retry_after >= 0)
		delay = call->reply.retry_after + (int64_t)cw_random_below(BACKOFF_FIRST);
	if (call->retries_left == 0 || (sent && call->request.once) ||
	    cw_now_ms() + delay > call->deadline) {
		deliver(call, error);
		return;
	}
	call->retries_left--;
	if (sent)
		call->reply.resent = true;
	line = cw_error_line(error);
	cw_log_info("%s; trying again in %lld ms", line, (long long)delay);
	wait_then_send(call, delay);
}

static void
retry_with_new_nonce(struct cw_acme_call *call, struct cw_error *error)
{
	if (++call->bad_nonces > BAD_NONCES_MAX || cw_now_ms() > call->deadline) {
		deliver(call, error);
		return;
	}
	cw_log_debug("%s: the nonce was refused, attempt %u", call->url, call->bad_nonces);
	call->nonce = take_nonce(call->acme);
	/* libcurl sends again, by itself, what it had sent on a connection that then turns out to
	 * be closed. When the first one arrived, the nonce of the second is used up. */
	call->reply.resent = true;
	wait_then_send(call, call->bad_nonces < BAD_NONCES_AT_ONCE
				     ? 0
				     : (int64_t)cw_random_below(POLL_FIRST_MAX));
}

/* ---- exchanges */

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
		retry(call, error);
		return;
	}
	call->nonce = take_nonce(call->acme);
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
		retry(call, error);
	else
		deliver(call, error);
}

static void
on_reply(struct cw_acme_call *call, struct cw_http_answer *answer, struct cw_error *error)
{
	if (answer == NULL) {
		retry(call, error);
		return;
	}
	cw_acme_reply_read(answer, call->url, &call->request, &call->reply);
	if (cw_acme_reply_judge(&call->reply, &call->request, error) == CW_OK)
		deliver(call, NULL);
	else if (cw_acme_problem_is_bad_nonce(&call->reply) && !call->request.plain)
		retry_with_new_nonce(call, error);
	else if (cw_acme_reply_retryable(&call->reply))
		retry(call, error);
	else
		deliver(call, error);
}

static void
on_answer(void *context, struct cw_http_answer *answer, const struct cw_error *http_error)
{
	struct cw_acme_call *call = context;
	cw_auto_error struct cw_error error = {0};
	bool nonce = call->phase == FETCHES_NONCE;

	call->exchange = NULL;
	call->acme->in_flight--;
	reset_reply(&call->reply);
	call->reply.elapsed = cw_now_ms() - call->sent_at;
	if (answer != NULL) {
		keep_nonce(call->acme, answer);
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
exchange(struct cw_acme_call *call, const struct cw_http_message *message, enum phase phase)
{
	call->phase = phase;
	call->sent_at = cw_now_ms();
	call->exchange = cw_http_start(call->acme->http, message, on_answer, call, &call->error);
	if (call->exchange != NULL)
		call->acme->in_flight++;
	else
		fail_soon(call);
}

static void
fetch_nonce(struct cw_acme_call *call)
{
	struct cw_http_message message = {.method = "HEAD"};

	if (cw_acme_need_resource(call->acme, "newNonce", &message.url, &call->error) != CW_OK)
		fail_soon(call);
	else
		exchange(call, &message, FETCHES_NONCE);
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
			fail_soon(call);
			return;
		}
		message.body = jws;
		message.body_length = strlen(jws);
	}
	exchange(call, &message, SENT);
}

static void
launch(struct cw_acme_call *call)
{
	if (!call->request.plain && call->nonce == NULL)
		call->nonce = take_nonce(call->acme);
	if (call->request.plain || call->nonce != NULL)
		send_request(call);
	else
		fetch_nonce(call);
}

static void
pump(struct cw_acme *acme)
{
	for (struct cw_acme_call *call = acme->first_call;
	     call != NULL && acme->in_flight < CW_ACME_IN_FLIGHT; call = call->next) {
		if (call->phase == QUEUED)
			launch(call);
	}
}

/* ---- calls */

struct cw_acme_call *
cw_acme_call_start(struct cw_acme *acme, const struct cw_acme_request *request,
		   cw_acme_callback callback, void *context)
{
	struct cw_acme_call *call = cw_alloc(sizeof(*call));
	int64_t limit = cw_now_ms() + acme->time_limit;

	call->acme = acme;
	call->request = *request;
	call->request.what = call->what = cw_strdup(request->what);
	call->request.url = call->url = cw_strdup(request->url);
	call->request.payload = call->payload = cw_strdup(request->payload);
	call->request.accept = call->accept = cw_strdup(request->accept);
	call->callback = callback;
	call->context = context;
	call->retries_left = request->retries == 0 ? RETRIES : request->retries;
	call->deadline =
		request->deadline != 0 && request->deadline < limit ? request->deadline : limit;
	call->reply.retry_after = -1;
	append(call);
	pump(acme);
	return call;
}

struct run {
	bool done;
	int status;
	struct cw_acme_reply *reply;
	struct cw_error *error;
};

static void
on_run_end(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct run *run = context;

	*run->reply = *reply;
	memset(reply, 0, sizeof(*reply));
	if (error != NULL) {
		run->status = error->status;
		if (run->error != NULL)
			cw_error_move(run->error, error);
	}
	run->done = true;
}

int
cw_acme_call_run(struct cw_acme *acme, const struct cw_acme_request *request,
		 struct cw_acme_reply *reply, struct cw_error *error)
{
	struct run run = {.reply = reply, .error = error};
	struct cw_acme_call *call;
	int status;

	memset(reply, 0, sizeof(*reply));
	call = cw_acme_call_start(acme, request, on_run_end, &run);
	status = cw_loop_until(acme->loop, &run.done, error);
	if (run.done)
		return run.status;
	cw_acme_call_cancel(call);
	return status;
}

int64_t
cw_acme_poll_delay(int64_t *interval, const struct cw_acme_reply *reply, int64_t deadline)
{
	int64_t delay;
	int64_t longest = deadline - LAST_POLL_BEFORE_DEADLINE - cw_now_ms();

	if (*interval == 0) {
		*interval = reply->elapsed;
		if (*interval < POLL_FIRST_MIN)
			*interval = POLL_FIRST_MIN;
		if (*interval > POLL_FIRST_MAX)
			*interval = POLL_FIRST_MAX;
	} else {
		*interval += *interval / 2;
		if (*interval > POLL_MAX)
			*interval = POLL_MAX;
	}
	if (reply->retry_after < 0)
		return *interval;
	/* "Now" would make a busy loop. */
	delay = reply->retry_after > *interval ? reply->retry_after : *interval;
	if (delay > longest)
		delay = longest > *interval ? longest : *interval;
	return delay;
}
