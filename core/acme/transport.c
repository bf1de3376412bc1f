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
	/* It may hold an external account binding or a contact. */
	cw_free_secret(call->payload);
	free(call->accept);
	free(call->nonce);
	free(call);
}

void
cw_acme_call_deliver(struct cw_acme_call *call, struct cw_error *error)
{
	struct cw_acme *acme = call->acme;

	unlink_call(call);
	call->callback(call->context, &call->reply, error);
	free_call(call);
	cw_acme_pump(acme);
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

void
cw_acme_pump(struct cw_acme *acme)
{
	for (struct cw_acme_call *call = acme->first_call;
	     call != NULL && acme->in_flight < CW_ACME_IN_FLIGHT; call = call->next) {
		if (call->phase == CW_ACME_QUEUED)
			cw_acme_call_launch(call);
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
	cw_acme_pump(acme);
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
