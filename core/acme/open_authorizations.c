#include <stdlib.h>
#include "acme/opening.h"
#include "acme/parse.h"
#include "base/mem.h"
#include "base/text.h"

struct cw_acme_fetch {
	struct cw_acme_opening *opening;
	char *url;
	struct cw_acme_authorization *authorization;
	struct cw_acme_call *call;
};

void
cw_acme_opening_drop_fetches(struct cw_acme_opening *opening)
{
	for (size_t i = 0; i < opening->fetch_count; i++) {
		cw_acme_call_cancel(opening->fetches[i].call);
		cw_acme_authorization_free(opening->fetches[i].authorization);
		free(opening->fetches[i].url);
	}
	free(cw_take(&opening->fetches));
	cw_strv_clear(&opening->urls);
	opening->fetch_count = opening->fetches_left = 0;
}

/* An authorization that is dead takes its order with it. */
static void
note_dead(struct cw_acme_order *order, struct cw_acme_authorization *authorization)
{
	cw_auto_error struct cw_error part = {0};
	cw_autofree char *name = cw_acme_authorization_name(authorization);

	cw_fail(&part, CW_E_ACME, "the CA's new authorization for \"%s\" is already %s", name,
		cw_acme_state_name(authorization->state));
	cw_hint(&part, "try again; the CA should then make a new one");
	cw_error_set_identifier(&part, name);
	cw_error_copy(&authorization->error, &part);
	if (order->error.status == CW_OK)
		cw_fail(&order->error, CW_E_ACME, "the order \"%s\" cannot be completed",
			order->url);
	cw_error_add_part(&order->error, &part);
}

/* The position of the authorization's name in the order. */
static size_t
position(const struct cw_acme_order *order, const struct cw_acme_authorization *authorization)
{
	cw_autofree char *name = cw_acme_authorization_name(authorization);
	size_t i = 0;

	while (i < order->identifier_count && !cw_equal_nocase(order->identifiers[i]->value, name))
		i++;
	return i;
}

struct placed {
	size_t position;
	struct cw_acme_authorization *authorization;
};

static int
compare_placed(const void *a, const void *b)
{
	const struct placed *first = a, *second = b;

	return (first->position > second->position) - (first->position < second->position);
}

/* Into the order in which the names were given, so that all that follows is in that order too. */
static void
sort_authorizations(struct cw_acme_order *order)
{
	struct placed *placed = cw_calloc(order->authorization_count, sizeof(*placed));

	for (size_t i = 0; i < order->authorization_count; i++)
		placed[i] = (struct placed){position(order, order->authorizations[i]),
					    order->authorizations[i]};
	qsort(placed, order->authorization_count, sizeof(*placed), compare_placed);
	for (size_t i = 0; i < order->authorization_count; i++)
		order->authorizations[i] = placed[i].authorization;
	free(placed);
}

/* Hands the authorizations, which are all there, to the order. */
static void
authorizations_fetched(struct cw_acme_opening *opening)
{
	struct cw_acme_order *order = opening->order;

	for (size_t i = 0; i < opening->fetch_count && order->continued; i++) {
		enum cw_acme_state state = opening->fetches[i].authorization->state;

		if (state != CW_ACME_PENDING && state != CW_ACME_VALID) {
			cw_acme_opening_make_anew(
				opening, "one of its authorizations cannot be used any more");
			return;
		}
	}
	order->authorizations =
		cw_calloc(opening->fetch_count, sizeof(struct cw_acme_authorization *));
	for (size_t i = 0; i < opening->fetch_count; i++)
		order->authorizations[order->authorization_count++] =
			cw_take(&opening->fetches[i].authorization);
	sort_authorizations(order);
	for (size_t i = 0; i < order->authorization_count; i++) {
		enum cw_acme_state state = order->authorizations[i]->state;

		if (state != CW_ACME_PENDING && state != CW_ACME_VALID)
			note_dead(order, order->authorizations[i]);
	}
	cw_acme_opening_drop_fetches(opening);
	cw_acme_operation_one_done(&opening->session->operation);
}

static void
on_authorization(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme_fetch *fetch = context;
	struct cw_acme_opening *opening = fetch->opening;
	cw_auto_error struct cw_error nonsense = {0};

	fetch->call = NULL;
	if (error == NULL &&
	    cw_acme_authorization_parse(opening->session->operation.acme, reply->body, fetch->url,
					opening->order, &fetch->authorization, &nonsense) != CW_OK)
		error = &nonsense;
	if (error != NULL) {
		if (opening->order->continued && (error == &nonsense || reply->status / 100 == 4))
			cw_acme_opening_make_anew(opening, error->message);
		else
			cw_acme_opening_fail(opening, error);
		return;
	}
	if (--opening->fetches_left == 0)
		authorizations_fetched(opening);
}

void
cw_acme_opening_fetch(struct cw_acme_opening *opening)
{
	const struct cw_strv *urls = &opening->urls;

	opening->fetches = cw_calloc(urls->count, sizeof(struct cw_acme_fetch));
	opening->fetch_count = opening->fetches_left = urls->count;
	for (size_t i = 0; i < urls->count; i++) {
		struct cw_acme_fetch *fetch = &opening->fetches[i];
		cw_autofree char *what =
			cw_format("the request for the authorization \"%s\"", urls->items[i]);
		struct cw_acme_request request = {.what = what, .url = urls->items[i]};

		fetch->opening = opening;
		fetch->url = cw_strdup(urls->items[i]);
		fetch->call = cw_acme_call_start(opening->session->operation.acme, &request,
						 on_authorization, fetch);
	}
	cw_strv_clear(&opening->urls);
}
