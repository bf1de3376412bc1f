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
		if (session->openings[i].urls.count > 0)
			cw_acme_opening_fetch(&session->openings[i]);
	}
}

void
cw_acme_opening_fail(struct cw_acme_opening *opening, struct cw_error *error)
{
	cw_acme_opening_drop_fetches(opening);
	cw_acme_hint_nonsense(error);
	cw_error_move(&opening->order->error, error);
	cw_acme_batch_one_done(&opening->session->batch);
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
	else if (!cw_acme_url_ok(opening->session->batch.acme, order->url))
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

int
cw_acme_orders_open(struct cw_acme *acme, struct cw_acme_order *const *orders, size_t count,
		    struct cw_error *error)
{
	struct cw_acme_open_session session = {.batch = {.acme = acme}};
	int status = cw_acme_need_account(acme, error);

	if (status != CW_OK)
		return status;
	session.openings = cw_calloc(count + 1, sizeof(struct cw_acme_opening));
	for (size_t i = 0; i < count; i++) {
		struct cw_acme_opening *opening = &session.openings[session.count];

		if (orders[i]->error.status != CW_OK || !is_sane(orders[i]))
			continue;
		opening->session = &session;
		opening->order = orders[i];
		session.count++;
		session.batch.left++;
		start(opening);
	}
	status = cw_acme_batch_run(&session.batch, error);
	for (size_t i = 0; i < session.count; i++) {
		cw_acme_call_cancel(session.openings[i].call);
		cw_acme_opening_drop_fetches(&session.openings[i]);
	}
	free(session.openings);
	return status;
}
