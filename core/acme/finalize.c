#include <stdlib.h>
#include "acme/parse.h"
#include "acme/poll.h"
#include "acme/problem.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { FINALIZE_MAX = 5 };

/* One order that is being finalized. */
struct finalization {
	struct cw_acme_polled polled;
	struct cw_acme_order *order;
	const struct cw_buf *csr;
	unsigned attempts;
	bool accepted;           /* the CA took the CSR */
	struct cw_error refusal; /* why not, the last time */
};

struct finalize {
	struct cw_acme_round round;
	struct finalization *finalizations;
	size_t count;
};

static void send_csr(void *context);
static void poll_order(void *context);

static void
fail(struct finalization *finalization, struct cw_error *error)
{
	cw_acme_hint_nonsense(error);
	cw_error_move(&finalization->order->error, error);
	cw_acme_polled_settle(&finalization->polled);
}

static void
later(struct finalization *finalization, const struct cw_acme_reply *reply,
      cw_timer_callback on_due)
{
	struct cw_acme_polled *polled = &finalization->polled;
	int64_t delay = cw_acme_poll_delay(&polled->interval, reply, polled->round->deadline);

	cw_acme_polled_later(polled, delay, on_due);
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

	if (cw_acme_order_parse(finalization->polled.round->operation.acme, reply->body, order->url,
				order, NULL, &error) != CW_OK) {
		fail(finalization, &error);
		return;
	}
	switch (order->state) {
	case CW_ACME_VALID: cw_acme_polled_settle(&finalization->polled); return;
	case CW_ACME_INVALID: fail_invalid(finalization, reply->body); return;
	case CW_ACME_READY:
		/* The CSR was refused as too early, or got lost. */
		if (!finalization->accepted) {
			later(finalization, reply, send_csr);
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
	later(finalization, reply, poll_order);
}

static void
on_polled(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct finalization *finalization = context;

	if (error != NULL)
		fail(finalization, error);
	else
		on_order(finalization, reply);
}

static void
poll_order(void *context)
{
	struct finalization *finalization = context;
	cw_autofree char *names = cw_acme_order_names(finalization->order);
	cw_autofree char *what = cw_format("the query of the order for %s", names);
	struct cw_acme_request request = {.what = what, .url = finalization->order->url};

	cw_acme_polled_ask(&finalization->polled, &request, on_polled);
}

static void
on_finalized(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct finalization *finalization = context;
	bool lost = reply->status == 0 || reply->status / 100 == 5;

	if (error == NULL) {
		finalization->accepted = true;
		on_order(finalization, reply);
	} else if ((lost && error->status != CW_E_INVALID && error->status != CW_E_CRYPTO) ||
		   cw_acme_problem_named(error, "orderNotReady")) {
		cw_log_info("%s; looking at the order", error->message);
		cw_error_move(&finalization->refusal, error);
		later(finalization, reply, poll_order);
	} else {
		fail(finalization, error);
	}
}

static void
send_csr(void *context)
{
	struct finalization *finalization = context;
	cw_autofree char *names = cw_acme_order_names(finalization->order);
	cw_autofree char *what = cw_format("the signing request for %s", names);
	cw_autofree char *csr = cw_base64url(finalization->csr->data, finalization->csr->length);
	cw_auto_json struct json_object *payload = cw_json_new_object();
	/* Once: whether a second one is due is seen from the order. */
	struct cw_acme_request request = {
		.what = what, .url = finalization->order->finalize_url, .once = true};

	if (++finalization->attempts > FINALIZE_MAX) {
		fail(finalization, &finalization->refusal);
		return;
	}
	cw_json_set_string(payload, "csr", csr);
	request.payload = cw_json_text(payload);
	cw_acme_polled_ask(&finalization->polled, &request, on_finalized);
}

static void
time_out(void *context)
{
	struct finalization *finalization = context;
	const struct cw_acme_order *order = finalization->order;
	cw_autofree char *names = cw_acme_order_names(order);
	cw_auto_error struct cw_error error = {0};

	cw_fail(&error, CW_E_TIMEOUT, "the CA did not issue the certificate for %s in time", names);
	cw_hint(&error,
		"the order \"%s\" was %s still; run the command again, or allow more time "
		"with --issuance-timeout",
		order->url, cw_acme_state_name(order->state));
	fail(finalization, &error);
}

static void
start(struct cw_acme_round *round, struct finalization *finalization)
{
	const struct cw_acme_order *order = finalization->order;

	cw_acme_polled_add(round, &finalization->polled, time_out, finalization);
	if (order->state == CW_ACME_VALID && order->certificate_url != NULL) {
		cw_acme_polled_settle(&finalization->polled);
	} else if (order->state == CW_ACME_PROCESSING || order->state == CW_ACME_VALID) {
		finalization->accepted = true;
		poll_order(finalization);
	} else {
		send_csr(finalization);
	}
}

static void
release(struct cw_acme_operation *operation)
{
	struct finalize *finalize = (struct finalize *)operation;

	cw_acme_round_stop(&finalize->round);
	for (size_t i = 0; i < finalize->count; i++)
		cw_error_clear(&finalize->finalizations[i].refusal);
	free(finalize->finalizations);
}

struct cw_acme_operation *
cw_acme_orders_finalize_start(struct cw_acme *acme, struct cw_acme_order *const *orders,
			      const struct cw_buf *const *csrs, size_t count, int64_t deadline,
			      cw_acme_done done, void *context)
{
	struct finalize *finalize = cw_acme_operation_new(acme, sizeof(*finalize), done, context);
	struct cw_acme_operation *operation = &finalize->round.operation;
	cw_auto_error struct cw_error error = {0};

	operation->release = release;
	if (cw_acme_need_account(acme, &error) != CW_OK) {
		cw_acme_operation_end(operation, &error);
		return operation;
	}
	finalize->round.deadline = deadline;
	finalize->finalizations = cw_calloc(count + 1, sizeof(struct finalization));
	for (size_t i = 0; i < count; i++) {
		struct finalization *finalization = &finalize->finalizations[finalize->count];

		if (orders[i]->error.status != CW_OK)
			continue;
		if (orders[i]->url == NULL || orders[i]->finalize_url == NULL) {
			cw_fail(&orders[i]->error, CW_E_INVALID, "the order was not opened");
			continue;
		}
		finalization->order = orders[i];
		finalization->csr = csrs[i];
		finalize->count++;
		start(&finalize->round, finalization);
	}
	cw_acme_round_begun(&finalize->round);
	return operation;
}
