#include <stdlib.h>
#include "acme/call.h"
#include "acme/reply.h"
#include "base/clock.h"
#include "base/mem.h"

/* At least one for each exchange: all of them may come back at once. */
enum { NONCES_MAX = 2 * CW_ACME_IN_FLIGHT, NONCE_LENGTH_MAX = 512, FETCH_PAUSE = 1000 };

/* A request for a nonce (RFC 8555 section 7.2). It belongs to no call: by the time that it is
 * answered another answer may have brought its call a nonce. */
struct cw_acme_nonce_fetch {
	struct cw_acme *acme;
	struct cw_acme_nonce_fetch *next;
	struct cw_http_exchange *exchange;
};

bool
cw_acme_nonce_keep(struct cw_acme *acme, const char *nonce)
{
	/* RFC 8555 section 6.5.1: an invalid value is ignored. */
	if (nonce == NULL || !cw_acme_base64url_ok(nonce, NONCE_LENGTH_MAX))
		return false;
	if (acme->nonces.count >= NONCES_MAX)
		cw_strv_remove(&acme->nonces, 0);
	cw_strv_add(&acme->nonces, nonce);
	return true;
}

char *
cw_acme_nonce_take(struct cw_acme *acme)
{
	char *nonce;

	if (acme->nonces.count == 0)
		return NULL;
	nonce = cw_strdup(acme->nonces.items[acme->nonces.count - 1]);
	cw_strv_remove(&acme->nonces, acme->nonces.count - 1);
	return nonce;
}

void
cw_acme_nonce_give_back(struct cw_acme_call *call)
{
	cw_acme_nonce_keep(call->acme, call->nonce);
	free(cw_take(&call->nonce));
}

const char *
cw_acme_unused_nonce(const struct cw_acme *acme)
{
	return acme->nonces.count == 0 ? NULL : acme->nonces.items[acme->nonces.count - 1];
}

bool
cw_acme_call_needs_nonce(const struct cw_acme_call *call)
{
	return call->phase == CW_ACME_QUEUED && !call->request.plain && call->nonce == NULL;
}

static void
unlink_fetch(struct cw_acme_nonce_fetch *fetch)
{
	struct cw_acme_nonce_fetch **at = &fetch->acme->nonce_fetches;

	while (*at != fetch)
		at = &(*at)->next;
	*at = fetch->next;
	fetch->acme->nonce_fetch_count--;
	fetch->acme->in_flight--;
}

/* The call that has waited longest fails: there was a request for each. */
static void
fail_one(struct cw_acme *acme, struct cw_http_answer *answer, const struct cw_error *http_error)
{
	cw_auto_error struct cw_error error = {0};
	struct cw_acme_call *call = acme->first_call;

	while (call != NULL && !cw_acme_call_needs_nonce(call))
		call = call->next;
	if (call == NULL)
		return;
	cw_acme_reply_reset(&call->reply);
	if (answer == NULL) {
		cw_error_copy(&error, http_error);
		cw_context(&error, "%s failed", call->what);
	} else {
		cw_acme_reply_read(answer, call->url, &call->request, &call->reply);
		if (answer->status / 100 == 2)
			cw_fail(&error, CW_E_PROTOCOL,
				"the CA answered the request for a nonce without a Replay-Nonce "
				"header");
		else
			cw_fail(&error, CW_E_PROTOCOL,
				"the CA answered the request for a nonce with HTTP %d",
				answer->status);
		cw_acme_reply_hint(&call->reply, &error);
	}
	if (!cw_acme_directory_blamed(call, "newNonce", &error))
		cw_acme_call_failed(call, &error);
}

/*
 * Whether the server wants fewer requests for nonces (Let's Encrypt allows fewer of these than of
 * any others) while other answers will bring some: then calls wait for those, side by side as far
 * as the nonces reach.
 */
static bool
can_do_without(struct cw_acme *acme, const struct cw_http_answer *answer)
{
	struct cw_acme_reply reply = {.status = answer->status};
	const char *retry_after = cw_http_header(answer, "retry-after");

	if (retry_after == NULL || !cw_parse_retry_after(retry_after, &reply.retry_after))
		reply.retry_after = -1;
	if (!cw_acme_limited(&reply) || acme->in_flight == 0)
		return false;
	acme->nonce_fetch_after =
		cw_now_ms() + (reply.retry_after >= 0 ? reply.retry_after : FETCH_PAUSE);
	return true;
}

bool
cw_acme_nonce_may_fetch(const struct cw_acme *acme)
{
	return acme->in_flight == 0 || cw_now_ms() >= acme->nonce_fetch_after;
}

static void
on_nonce(void *context, struct cw_http_answer *answer, const struct cw_error *error)
{
	struct cw_acme_nonce_fetch *fetch = context;
	struct cw_acme *acme = fetch->acme;
	bool kept =
		answer != NULL && cw_acme_nonce_keep(acme, cw_http_header(answer, "replay-nonce"));

	cw_acme_count_end(acme, answer);
	unlink_fetch(fetch);
	free(fetch);
	if ((!kept || answer->status / 100 != 2) &&
	    (answer == NULL || !can_do_without(acme, answer)))
		fail_one(acme, answer, error);
	cw_acme_pump(acme);
}

void
cw_acme_nonce_fetch(struct cw_acme *acme, struct cw_acme_call *call)
{
	struct cw_http_message message = {.method = "HEAD"};
	struct cw_acme_nonce_fetch *fetch = cw_alloc(sizeof(*fetch));

	fetch->acme = acme;
	if (cw_acme_need_resource(acme, "newNonce", &message.url, &call->error) == CW_OK)
		fetch->exchange =
			cw_http_start(acme->http, &message, on_nonce, fetch, &call->error);
	if (fetch->exchange == NULL) {
		free(fetch);
		cw_acme_call_fail_soon(call);
		return;
	}
	fetch->next = acme->nonce_fetches;
	acme->nonce_fetches = fetch;
	acme->nonce_fetch_count++;
	acme->in_flight++;
	acme->count.sent++;
}

void
cw_acme_nonce_cancel_all(struct cw_acme *acme)
{
	while (acme->nonce_fetches != NULL) {
		struct cw_acme_nonce_fetch *fetch = acme->nonce_fetches;

		cw_http_cancel(fetch->exchange);
		unlink_fetch(fetch);
		free(fetch);
	}
}
