#include "acme/transport.h"

#include <string.h>
#include "acme/call.h"
#include "base/clock.h"
#include "base/mem.h"

enum { RETRIES = 6 };

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
	free(call->resource);
	free(call->below);
	free(call->blamed_url);
	/* It may hold an external account binding or a contact. */
	cw_free_secret(call->payload);
	free(call->accept);
	free(call->nonce);
	free(call);
}

void
cw_acme_call_deliver(struct cw_acme_call *call, struct cw_error *error)
{
	unlink_call(call);
	/* Before the call back, after which the client may be gone. */
	cw_acme_pump(call->acme);
	call->callback(call->context, &call->reply, error);
	free_call(call);
}

void
cw_acme_call_cancel(struct cw_acme_call *call)
{
	if (call == NULL)
		return;
	cw_acme_call_break_off(call);
	cw_acme_nonce_give_back(call);
	cw_loop_cancel(call->acme->loop, call->timer);
	unlink_call(call);
	free_call(call);
}

void
cw_acme_pump(struct cw_acme *acme)
{
	size_t lacking = 0;

	if (acme->closing)
		return;
	if (acme->limit.timer != NULL) {
		cw_acme_limit_refuse_late(acme);
		return;
	}
	for (struct cw_acme_call *call = acme->first_call;
	     call != NULL && acme->in_flight < CW_ACME_IN_FLIGHT; call = call->next) {
		if (cw_acme_call_needs_nonce(call))
			call->nonce = cw_acme_nonce_take(acme);
		/* One request for each that lacks one, whichever answer brings it first: there are
		 * as many nonces in the end as there are requests side by side. */
		if (cw_acme_call_needs_nonce(call)) {
			if (++lacking > acme->nonce_fetch_count && cw_acme_nonce_may_fetch(acme))
				cw_acme_nonce_fetch(acme, call);
		} else if (call->phase == CW_ACME_QUEUED) {
			cw_acme_call_launch(call);
		}
	}
}

struct cw_acme_call *
cw_acme_call_start(struct cw_acme *acme, const struct cw_acme_request *request,
		   cw_acme_callback callback, void *context)
{
	struct cw_acme_call *call = cw_alloc(sizeof(*call));
	int64_t limit = cw_now_ms() + acme->time_limit;

	call->acme = acme;
	call->started = cw_now_ms();
	call->request = *request;
	call->request.what = call->what = cw_strdup(request->what);
	call->request.resource = call->resource = cw_strdup(request->resource);
	call->request.below = call->below = cw_strdup(request->below);
	call->url =
		request->url != NULL ? cw_strdup(request->url) : cw_acme_call_resource_url(call);
	call->request.url = call->url;
	call->request.payload = call->payload = cw_strdup(request->payload);
	call->request.accept = call->accept = cw_strdup(request->accept);
	if (request->signer != NULL)
		call->signer = *request->signer;
	call->callback = callback;
	call->context = context;
	call->retries_left = request->retries == 0 ? RETRIES : request->retries;
	call->deadline =
		request->deadline != 0 && request->deadline < limit ? request->deadline : limit;
	call->reply.retry_after = -1;
	append(call);
	if (call->url == NULL)
		cw_acme_call_lacks_url(call);
	else
		cw_acme_pump(acme);
	return call;
}
