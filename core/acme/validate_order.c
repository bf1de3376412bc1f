#include "acme/parse.h"
#include "acme/validate.h"
#include "base/mem.h"

/* So often an order that stays pending is polled in the place of its authorizations, which tell
 * more: some two seconds and a half. */
enum { ORDER_POLLS = 8 };

static bool
is_watched(const struct cw_acme_validation *validation)
{
	return validation->watch != NULL && !validation->polled.settled;
}

/* Polls the authorizations themselves from here on, at the pace that the order was polled at. */
static void
end_watch(struct cw_acme_watch *watch)
{
	for (size_t i = 0; i < watch->count; i++) {
		struct cw_acme_validation *validation = &watch->validations[i];

		if (!is_watched(validation))
			continue;
		validation->watch = NULL;
		validation->polled.interval = watch->polled.interval;
		cw_acme_validation_poll(validation);
	}
	cw_acme_polled_settle(&watch->polled);
}

/* All authorizations of an order that is ready are valid (RFC 8555 section 7.1.6). */
static void
all_valid(struct cw_acme_watch *watch)
{
	for (size_t i = 0; i < watch->count; i++) {
		struct cw_acme_validation *validation = &watch->validations[i];

		if (!is_watched(validation))
			continue;
		validation->authorization->state = CW_ACME_VALID;
		validation->authorization->chosen->state = CW_ACME_VALID;
		cw_acme_polled_settle(&validation->polled);
	}
	cw_acme_polled_settle(&watch->polled);
}

static void poll_order(void *context);

static void
on_order(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme_watch *watch = context;
	struct cw_acme_polled *polled = &watch->polled;
	struct cw_acme_order *order = watch->order;
	cw_auto_error struct cw_error nonsense = {0};

	/* What is wrong with the order is for who finalizes it. */
	if (error != NULL || cw_acme_order_parse(polled->round->operation.acme, reply->body,
						 order->url, order, NULL, &nonsense) != CW_OK)
		end_watch(watch);
	else if (order->state == CW_ACME_READY)
		all_valid(watch);
	else if (order->state == CW_ACME_PENDING && ++watch->polls < ORDER_POLLS)
		cw_acme_polled_later(
			polled,
			cw_acme_poll_delay(&polled->interval, reply, polled->round->deadline),
			poll_order);
	else
		end_watch(watch);
}

static void
poll_order(void *context)
{
	struct cw_acme_watch *watch = context;
	cw_autofree char *names = cw_acme_order_names(watch->order);
	cw_autofree char *what = cw_format("the query of the order for %s", names);
	struct cw_acme_request request = {.what = what, .url = watch->order->url};

	cw_acme_polled_ask(&watch->polled, &request, on_order);
}

void
cw_acme_watch_answered(struct cw_acme_watch *watch)
{
	size_t watched = 0;

	if (--watch->unanswered > 0)
		return;
	for (size_t i = 0; i < watch->count; i++)
		watched += is_watched(&watch->validations[i]);
	if (watched > 0)
		poll_order(watch);
	else
		cw_acme_polled_settle(&watch->polled);
}

void
cw_acme_watch_time_out(void *context)
{
	struct cw_acme_watch *watch = context;

	cw_acme_polled_settle(&watch->polled);
}
