#include <stdlib.h>
#include "acme/opening.h"
#include "acme/parse.h"
#include "base/log.h"
#include "base/mem.h"

void
cw_acme_open_answered(struct cw_acme_open_session *session)
{
	if (--session->orders_left > 0)
		return;
	for (size_t i = 0; i < session->count; i++) {
		struct cw_acme_opening *opening = &session->openings[i];

		if (opening->urls.count > 0 && !opening->waits)
			cw_acme_opening_fetch(opening);
	}
}

void
cw_acme_opening_fail(struct cw_acme_opening *opening, struct cw_error *error)
{
	cw_acme_opening_drop_fetches(opening);
	opening->waits = false;
	cw_acme_hint_nonsense(error);
	cw_error_move(&opening->order->error, error);
	cw_acme_operation_one_done(&opening->session->operation);
}

void
cw_acme_opening_make_anew(struct cw_acme_opening *opening, const char *why)
{
	struct cw_acme_order *order = opening->order;

	cw_log_info("the order \"%s\" is not continued: %s", order->url, why);
	cw_acme_opening_drop_fetches(opening);
	free(cw_take(&order->url));
	order->continued = false;
	cw_acme_opening_request_new(opening);
}

static void
start(struct cw_acme_opening *opening)
{
	const struct cw_acme_order *order = opening->order;

	if (order->url == NULL)
		cw_acme_opening_request_new(opening);
	else if (!cw_acme_url_ok(opening->session->operation.acme, order->url))
		cw_acme_opening_make_anew(opening, "its URL is not usable");
	else
		cw_acme_opening_request_old(opening);
}

/* Whether there is something to ask the CA for. */
static bool
is_sane(struct cw_acme_order *order)
{
	if (order->identifier_count == 0)
		cw_fail(&order->error, CW_E_INVALID, "an order needs a name");
	else if (order->identifier_count > CW_ACME_IDENTIFIERS_MAX)
		cw_fail(&order->error, CW_E_INVALID, "an order can have at most %d names, not %zu",
			CW_ACME_IDENTIFIERS_MAX, order->identifier_count);
	return order->error.status == CW_OK;
}

void
cw_acme_order_go_on(struct cw_acme_order *order, const struct cw_error *error)
{
	struct cw_acme_opening *opening = cw_take(&order->opening);
	cw_auto_error struct cw_error copy = {0};

	if (opening == NULL)
		return;
	opening->waits = false;
	if (error != NULL) {
		cw_error_copy(&copy, error);
		cw_acme_opening_fail(opening, &copy);
	} else if (opening->session->orders_left == 0) {
		cw_acme_opening_fetch(opening);
	}
}

static void
release(struct cw_acme_operation *operation)
{
	struct cw_acme_open_session *session = (struct cw_acme_open_session *)operation;

	for (size_t i = 0; i < session->count; i++) {
		cw_acme_call_cancel(session->openings[i].call);
		cw_acme_opening_drop_fetches(&session->openings[i]);
		session->openings[i].order->opening = NULL;
	}
	free(session->openings);
}

struct cw_acme_operation *
cw_acme_orders_open_start(struct cw_acme *acme, struct cw_acme_order *const *orders, size_t count,
			  cw_acme_created created, cw_acme_done done, void *context)
{
	struct cw_acme_open_session *session =
		cw_acme_operation_new(acme, sizeof(*session), done, context);
	cw_auto_error struct cw_error error = {0};

	session->operation.release = release;
	session->created = created;
	session->openings = cw_calloc(count + 1, sizeof(struct cw_acme_opening));
	if (cw_acme_need_account(acme, &error) != CW_OK) {
		cw_acme_operation_end(&session->operation, &error);
		return &session->operation;
	}
	for (size_t i = 0; i < count; i++) {
		struct cw_acme_opening *opening = &session->openings[session->count];

		if (orders[i]->error.status != CW_OK || !is_sane(orders[i]))
			continue;
		opening->session = session;
		opening->order = orders[i];
		session->count++;
		session->operation.left++;
		start(opening);
	}
	cw_acme_operation_one_done(&session->operation);
	return &session->operation;
}
