#include "acme/opening.h"
#include "acme/parse.h"
#include "base/clock.h"

/* An order that ends sooner than this is not worth continuing. */
enum { SECONDS_LEFT = 60 };

/* Why the order that was read cannot be continued; NULL: it can. */
static const char *
why_not(const struct cw_acme_order *order)
{
	if (order->state == CW_ACME_INVALID)
		return "it is invalid";
	if (order->expires != 0 && order->expires < cw_time() + SECONDS_LEFT &&
	    (order->state == CW_ACME_PENDING || order->state == CW_ACME_READY))
		return "it expired";
	return NULL;
}

static void
on_old_order(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme_opening *opening = context;
	struct cw_acme_open_session *session = opening->session;
	struct cw_acme_order *order = opening->order;
	cw_auto_error struct cw_error nonsense = {0};
	const char *why = NULL;

	opening->call = NULL;
	if (error != NULL && reply->status / 100 != 4 && error->status != CW_E_PROTOCOL) {
		cw_acme_opening_fail(opening, error);
		cw_acme_open_answered(session);
		return;
	}
	if (error != NULL)
		why = error->message;
	else if (cw_acme_order_parse(session->operation.acme, reply->body, order->url, order,
				     &opening->urls, &nonsense) != CW_OK)
		why = nonsense.message;
	else
		why = why_not(order);
	if (why != NULL) {
		session->orders_left--;
		cw_acme_opening_make_anew(opening, why);
		return;
	}
	order->continued = true;
	if (order->state != CW_ACME_PENDING && order->state != CW_ACME_READY) {
		cw_strv_clear(&opening->urls);
		cw_acme_operation_one_done(&session->operation);
	}
	cw_acme_open_answered(session);
}

void
cw_acme_opening_request_old(struct cw_acme_opening *opening)
{
	struct cw_acme_request request = {.what = "the query of the order to be continued",
					  .url = opening->order->url};

	opening->session->orders_left++;
	opening->call = cw_acme_call_start(opening->session->operation.acme, &request, on_old_order,
					   opening);
}
