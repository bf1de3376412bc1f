#include "acme/internal.h"
#include "acme/parse.h"
#include "acme/poll.h"
#include "acme/problem.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { FINALIZE_MAX = 5 };

/* One order that is being finalized. */
struct finalization {
	struct cw_acme_batch *batch;
	struct cw_acme_order *order;
	const struct cw_buf *csr;
	int64_t deadline;
	int64_t interval;
	struct cw_acme_call *call;
	struct cw_timer *timer;
	unsigned attempts;
	bool accepted;           /* the CA took the CSR */
	struct cw_error refusal; /* why not, the last time */
	bool done;
};

static void send_csr(struct finalization *finalization);
static void poll_order(struct finalization *finalization);

static void
settle(struct finalization *finalization)
{
	finalization->done = true;
	cw_acme_batch_one_done(finalization->batch);
}

static void
fail(struct finalization *finalization, struct cw_error *error)
{
	cw_acme_hint_nonsense(error);
	cw_error_move(&finalization->order->error, error);
	settle(finalization);
}

static void
on_poll_due(void *context)
{
	struct finalization *finalization = context;

	finalization->timer = NULL;
	poll_order(finalization);
}

static void
on_send_due(void *context)
{
	struct finalization *finalization = context;

	finalization->timer = NULL;
	send_csr(finalization);
}

static void
later(struct finalization *finalization, const struct cw_acme_reply *reply,
      cw_timer_callback callback)
{
	int64_t delay = cw_acme_poll_delay(&finalization->interval, reply, finalization->deadline);

	finalization->timer =
		cw_loop_timer(finalization->batch->acme->loop, delay, callback, finalization);
}

/* The order became invalid; BODY may say why. */
static void
fail_invalid(struct finalization *finalization, struct json_object *body)
{
	cw_autofree char *names = cw_acme_order_names(finalization->order);
	struct json_object *problem = cw_json_object(body, "error");
	cw_auto_error struct cw_error error = {0};

	if (cw_acme_problem_is(problem)) {
		cw_acme_problem(&error, problem, "the CA made the order for %s invalid", names);
	} else {
		cw_fail(&error, CW_E_ACME,
			"the CA made the order for %s invalid and gave no reason", names);
		cw_hint(&error, "try again; the CA may show more at \"%s\"",
			finalization->order->url);
	}
	fail(finalization, &error);
}

static bool
has_pending_authorization(const struct cw_acme_order *order)
{
	for (size_t i = 0; i < order->authorization_count; i++) {
		if (order->authorizations[i]->state == CW_ACME_PENDING)
			return true;
	}
	return false;
}

/* What to do next by the order as it is now. */
static void
on_order(struct finalization *finalization, const struct cw_acme_reply *reply)
{
	struct cw_acme_order *order = finalization->order;
	cw_auto_error struct cw_error error = {0};

	if (cw_acme_order_parse(finalization->batch->acme, reply->body, order->url, order, NULL,
				&error) != CW_OK) {
		fail(finalization, &error);
		return;
	}
	switch (order->state) {
	case CW_ACME_VALID: settle(finalization); return;
	case CW_ACME_INVALID: fail_invalid(finalization, reply->body); return;
	case CW_ACME_READY:
		/* The CSR was refused as too early, or got lost. */
		if (!finalization->accepted) {
			later(finalization, reply, on_send_due);
			return;
		}
		break;
	case CW_ACME_PENDING:
		/* It will not become ready by waiting. */
		if (finalization->refusal.status != CW_OK && has_pending_authorization(order)) {
			fail(finalization, &finalization->refusal);
			return;
		}
		break;
	default: break;
	}
	later(finalization, reply, on_poll_due);
}

static void
on_polled(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct finalization *finalization = context;

	finalization->call = NULL;
	if (error != NULL)
		fail(finalization, error);
	else
		on_order(finalization, reply);
}

static void
poll_order(struct finalization *finalization)
{
	cw_autofree char *names = cw_acme_order_names(finalization->order);
	cw_autofree char *what = cw_format("the query of the order for %s", names);
	struct cw_acme_request request = {
		.what = what, .url = finalization->order->url, .deadline = finalization->deadline};

	finalization->call =
		cw_acme_call_start(finalization->batch->acme, &request, on_polled, finalization);
}

static void
on_finalized(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct finalization *finalization = context;
	bool lost = reply->status == 0 || reply->status / 100 == 5;

	finalization->call = NULL;
	if (error == NULL) {
		finalization->accepted = true;
		on_order(finalization, reply);
	} else if ((lost && error->status != CW_E_INVALID && error->status != CW_E_CRYPTO) ||
		   cw_acme_problem_named(error, "orderNotReady")) {
		cw_log_info("%s; looking at the order", error->message);
		cw_error_move(&finalization->refusal, error);
		later(finalization, reply, on_poll_due);
	} else {
		fail(finalization, error);
	}
}

static void
send_csr(struct finalization *finalization)
{
	cw_autofree char *names = cw_acme_order_names(finalization->order);
	cw_autofree char *what = cw_format("the signing request for %s", names);
	cw_autofree char *csr = cw_base64url(finalization->csr->data, finalization->csr->length);
	cw_auto_json struct json_object *payload = cw_json_new_object();
	/* Once: whether a second one is due is seen from the order. */
	struct cw_acme_request request = {.what = what,
					  .url = finalization->order->finalize_url,
					  .once = true,
					  .deadline = finalization->deadline};

	if (++finalization->attempts > FINALIZE_MAX) {
		fail(finalization, &finalization->refusal);
		return;
	}
	cw_json_set_string(payload, "csr", csr);
	request.payload = cw_json_text(payload);
	finalization->call =
		cw_acme_call_start(finalization->batch->acme, &request, on_finalized, finalization);
}

static void
stop(struct finalization *finalization)
{
	cw_acme_call_cancel(cw_take(&finalization->call));
	cw_loop_cancel(finalization->batch->acme->loop, cw_take(&finalization->timer));
}

static void
time_out(struct finalization *finalization)
{
	const struct cw_acme_order *order = finalization->order;
	cw_autofree char *names = cw_acme_order_names(order);
	cw_auto_error struct cw_error error = {0};

	stop(finalization);
	cw_fail(&error, CW_E_TIMEOUT, "the CA did not issue the certificate for %s in time", names);
	cw_hint(&error,
		"the order \"%s\" was %s still; run the command again, or allow more time "
		"with --issuance-timeout",
		order->url, cw_acme_state_name(order->state));
	fail(finalization, &error);
}

/* ---- the whole */

struct round {
	struct cw_acme_batch batch;
	struct finalization *finalizations;
	size_t count;
	struct cw_timer *timer;
};

static void
on_deadline(void *context)
{
	struct round *round = context;

	round->timer = NULL;
	for (size_t i = 0; i < round->count; i++) {
		if (!round->finalizations[i].done)
			time_out(&round->finalizations[i]);
	}
}

static void
start(struct round *round, struct cw_acme_order *order, const struct cw_buf *csr, int64_t deadline)
{
	struct finalization *finalization = &round->finalizations[round->count++];

	*finalization = (struct finalization){
		.batch = &round->batch, .order = order, .csr = csr, .deadline = deadline};
	round->batch.left++;
	if (order->state == CW_ACME_VALID && order->certificate_url != NULL) {
		settle(finalization);
	} else if (order->state == CW_ACME_PROCESSING || order->state == CW_ACME_VALID) {
		finalization->accepted = true;
		poll_order(finalization);
	} else {
		send_csr(finalization);
	}
}

int
cw_acme_orders_finalize(struct cw_acme *acme, struct cw_acme_order *const *orders,
			const struct cw_buf *const *csrs, size_t count, int64_t deadline,
			struct cw_error *error)
{
	struct round round = {.batch = {.acme = acme}};
	int64_t limit = deadline - cw_now_ms();
	int status = cw_acme_need_account(acme, error);

	if (status != CW_OK)
		return status;
	round.finalizations = cw_calloc(count + 1, sizeof(struct finalization));
	for (size_t i = 0; i < count; i++) {
		if (orders[i]->error.status != CW_OK)
			continue;
		if (orders[i]->url == NULL || orders[i]->finalize_url == NULL)
			cw_fail(&orders[i]->error, CW_E_INVALID, "the order was not opened");
		else
			start(&round, orders[i], csrs[i], deadline);
	}
	round.timer = cw_loop_timer(acme->loop, limit > 0 ? limit : 0, on_deadline, &round);
	status = cw_acme_batch_run(&round.batch, error);
	cw_loop_cancel(acme->loop, round.timer);
	for (size_t i = 0; i < round.count; i++) {
		stop(&round.finalizations[i]);
		cw_error_clear(&round.finalizations[i].refusal);
	}
	free(round.finalizations);
	return status;
}
