#include "acme/call.h"
#include "acme/reply.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	BAD_NONCES_MAX = 25,      /* of one call */
	BAD_NONCES_AT_ONCE = 10,  /* before there are pauses between the attempts */
	BAD_NONCE_PAUSE_MAX = 50, /* milliseconds, as the others */
	BACKOFF_FIRST = 250,
	BACKOFF_MAX = 8000,
	SILENCE_MIN = 10000
};

static void
on_backoff_over(void *context)
{
	struct cw_acme_call *call = context;

	call->timer = NULL;
	call->phase = CW_ACME_QUEUED;
	cw_acme_pump(call->acme);
}

static void
on_failure_due(void *context)
{
	struct cw_acme_call *call = context;
	cw_auto_error struct cw_error error = {0};

	call->timer = NULL;
	cw_error_move(&error, &call->error);
	cw_acme_call_deliver(call, &error);
}

static void
wait_then_send(struct cw_acme_call *call, int64_t delay)
{
	call->phase = CW_ACME_WAITS;
	call->timer = cw_loop_timer(call->acme->loop, delay, on_backoff_over, call);
}

void
cw_acme_call_soon(struct cw_acme_call *call, void (*callback)(void *call))
{
	call->phase = CW_ACME_WAITS;
	call->timer = cw_loop_timer(call->acme->loop, 0, callback, call);
}

void
cw_acme_call_fail_soon(struct cw_acme_call *call)
{
	cw_acme_call_soon(call, on_failure_due);
}

/* From half of the back-off to all of it, so that many clients do not come back at once. */
static int64_t
next_backoff(struct cw_acme_call *call)
{
	int64_t full = call->backoff == 0 ? BACKOFF_FIRST : call->backoff;

	call->backoff = full * 2 > BACKOFF_MAX ? BACKOFF_MAX : full * 2;
	return full / 2 + (int64_t)cw_random_below((uint64_t)full / 2 + 1);
}

/* A CA that gave no answer for so long is not worth waiting for again. */
static void
note_silence(const struct cw_acme_call *call)
{
	bool *silent = call->acme->silent;

	if (silent != NULL && call->reply.status == 0 && cw_now_ms() - call->started >= SILENCE_MIN)
		*silent = true;
}

/* Sends again after a while, or delivers ERROR where no attempt is left, where the time is over, or
 * where the request may not be sent twice. */
static void
retry(struct cw_acme_call *call, struct cw_error *error)
{
	bool sent = call->phase == CW_ACME_SENT;
	bool limited = cw_acme_limited(&call->reply);
	int64_t delay =
		limited ? cw_acme_limit_pause(call->acme, &call->reply) : next_backoff(call);
	cw_autofree char *line = NULL;

	if (!limited && call->reply.retry_after >= 0)
		delay = call->reply.retry_after + (int64_t)cw_random_below(BACKOFF_FIRST);
	if (call->retries_left == 0 || (sent && !limited && call->request.once) ||
	    cw_now_ms() + delay > call->deadline) {
		note_silence(call);
		cw_acme_call_deliver(call, error);
		return;
	}
	call->retries_left--;
	if (sent && !limited)
		call->reply.resent = true;
	line = cw_error_line(error);
	cw_log_info("%s; trying again in %lld ms", line, (long long)delay);
	if (limited) {
		call->phase = CW_ACME_QUEUED;
		cw_acme_limit_begin(call->acme, delay, error);
	} else {
		wait_then_send(call, delay);
	}
}

void
cw_acme_call_failed(struct cw_acme_call *call, struct cw_error *error)
{
	/* What is too long, or is not HTTP, would only come again. */
	bool lost = call->reply.status == 0 && error->status != CW_E_UNSUPPORTED &&
		    error->status != CW_E_PROTOCOL;
	bool enough = false;

	if (call->reply.status / 100 == 5)
		enough = ++call->server_errors >= call->request.server_errors &&
			 call->request.server_errors > 0;
	if (!enough && (lost || cw_acme_reply_retryable(&call->reply)))
		retry(call, error);
	else
		cw_acme_call_deliver(call, error);
}

void
cw_acme_call_retry_with_new_nonce(struct cw_acme_call *call, struct cw_error *error)
{
	if (++call->bad_nonces > BAD_NONCES_MAX || cw_now_ms() > call->deadline) {
		cw_acme_call_deliver(call, error);
		return;
	}
	cw_log_debug("%s: the nonce was refused, attempt %u", call->url, call->bad_nonces);
	call->nonce = cw_acme_nonce_take(call->acme);
	/* libcurl sends again, by itself, what it had sent on a connection that then turns out to
	 * be closed. When the first one arrived, the nonce of the second is used up. */
	call->reply.resent = true;
	wait_then_send(call, call->bad_nonces < BAD_NONCES_AT_ONCE
				     ? 0
				     : (int64_t)cw_random_below(BAD_NONCE_PAUSE_MAX));
}
