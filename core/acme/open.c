#include <stdlib.h>
#include "acme/internal.h"
#include "acme/parse.h"
#include "acme/problem.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

/* An order that ends sooner than this is not worth continuing. */
enum { SECONDS_LEFT = 60 };

struct opening;
struct session;

/* One authorization that is being fetched. */
struct fetch {
	struct opening *opening;
	char *url;
	struct cw_acme_authorization *authorization;
	struct cw_acme_call *call;
};

/* One order that is being opened. */
struct opening {
	struct session *session;
	struct cw_acme_order *order;
	struct cw_acme_call *call;
	struct cw_strv urls; /* of authorizations that wait to be fetched */
	struct fetch *fetches;
	size_t fetch_count;
	size_t fetches_left;
};

/*
 * All of them. Authorizations are fetched once no order is being asked for: it costs nothing, as
 * all orders are asked for side by side, and a server (Pebble 2.4) may lock up that is asked for
 * an order and for an authorization at the same time.
 */
struct session {
	struct cw_acme_batch batch;
	struct opening *openings;
	size_t count;
	size_t orders_left; /* that the server did not answer yet */
};

static void request_new(struct opening *opening);
static void fetch_authorizations(struct opening *opening);

/* The server answered about one order. */
static void
order_answered(struct session *session)
{
	if (--session->orders_left > 0)
		return;
	for (size_t i = 0; i < session->count; i++) {
		if (session->openings[i].urls.count > 0)
			fetch_authorizations(&session->openings[i]);
	}
}

static void
drop_fetches(struct opening *opening)
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

static void
fail(struct opening *opening, struct cw_error *error)
{
	drop_fetches(opening);
	cw_acme_hint_nonsense(error);
	cw_error_move(&opening->order->error, error);
	cw_acme_batch_one_done(&opening->session->batch);
}

/* Gives up on the order that was to be continued. */
static void
make_anew(struct opening *opening, const char *why)
{
	struct cw_acme_order *order = opening->order;

	cw_log_info("the order \"%s\" is not continued: %s", order->url, why);
	drop_fetches(opening);
	free(cw_take(&order->url));
	order->continued = false;
	request_new(opening);
}

/* ---- authorizations */

/* An authorization that is dead takes its order with it. */
static void
note_dead(struct cw_acme_order *order, struct cw_acme_authorization *authorization)
{
	cw_auto_error struct cw_error part = {0};
	cw_autofree char *name = cw_acme_authorization_name(authorization);

	cw_fail(&part, CW_E_ACME, "the CA's authorization for \"%s\" is %s from the start", name,
		cw_acme_state_name(authorization->state));
	cw_hint(&part, "try again; the CA should then make a new one");
	cw_error_set_identifier(&part, name);
	cw_error_copy(&authorization->error, &part);
	if (order->error.status == CW_OK)
		cw_fail(&order->error, CW_E_ACME, "the order \"%s\" cannot be fulfilled",
			order->url);
	cw_error_add_part(&order->error, &part);
}

/* Where the authorization's name stands in the order. */
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
authorizations_fetched(struct opening *opening)
{
	struct cw_acme_order *order = opening->order;

	for (size_t i = 0; i < opening->fetch_count && order->continued; i++) {
		enum cw_acme_state state = opening->fetches[i].authorization->state;

		if (state != CW_ACME_PENDING && state != CW_ACME_VALID) {
			make_anew(opening, "one of its authorizations is not usable any more");
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
	drop_fetches(opening);
	cw_acme_batch_one_done(&opening->session->batch);
}

static void
on_authorization(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct fetch *fetch = context;
	struct opening *opening = fetch->opening;
	cw_auto_error struct cw_error nonsense = {0};

	fetch->call = NULL;
	if (error == NULL &&
	    cw_acme_authorization_parse(opening->session->batch.acme, reply->body, fetch->url,
					opening->order, &fetch->authorization, &nonsense) != CW_OK)
		error = &nonsense;
	if (error != NULL) {
		if (opening->order->continued && (error == &nonsense || reply->status / 100 == 4))
			make_anew(opening, error->message);
		else
			fail(opening, error);
		return;
	}
	if (--opening->fetches_left == 0)
		authorizations_fetched(opening);
}

static void
fetch_authorizations(struct opening *opening)
{
	const struct cw_strv *urls = &opening->urls;

	opening->fetches = cw_calloc(urls->count, sizeof(struct fetch));
	opening->fetch_count = opening->fetches_left = urls->count;
	for (size_t i = 0; i < urls->count; i++) {
		struct fetch *fetch = &opening->fetches[i];
		cw_autofree char *what =
			cw_format("the query of the authorization \"%s\"", urls->items[i]);
		struct cw_acme_request request = {.what = what, .url = urls->items[i]};

		fetch->opening = opening;
		fetch->url = cw_strdup(urls->items[i]);
		fetch->call = cw_acme_call_start(opening->session->batch.acme, &request,
						 on_authorization, fetch);
	}
	cw_strv_clear(&opening->urls);
}

/* ---- a new order */

/* Whether the refusal may be about "replaces", without which the order can be had all the same
 * (RFC 9773 section 5). */
static bool
refused_replaces(const struct cw_acme_order *order, const struct cw_acme_reply *reply,
		 const struct cw_error *error)
{
	if (order->replaces == NULL || reply->status / 100 != 4)
		return false;
	return reply->status == 409 || reply->status == 404 ||
	       cw_acme_problem_named(error, "alreadyReplaced") ||
	       cw_acme_problem_named(error, "malformed") ||
	       cw_acme_problem_named(error, "unauthorized");
}

/* Reads the order that was made; its authorizations' URLs wait in the opening. */
static int
read_new_order(struct opening *opening, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme_order *order = opening->order;
	const struct cw_acme *acme = opening->session->batch.acme;
	cw_autofree char *names = cw_acme_order_names(order);
	int status;

	if (!cw_acme_url_ok(acme, reply->location))
		return cw_fail(error, CW_E_PROTOCOL,
			       "the CA answered without a usable Location of the order for %s",
			       names);
	status = cw_acme_order_parse(acme, reply->body, reply->location, order, &opening->urls,
				     error);
	if (status != CW_OK)
		return status;
	if (order->state != CW_ACME_PENDING && order->state != CW_ACME_READY)
		return cw_fail(error, CW_E_PROTOCOL, "the new order \"%s\" is %s from the start",
			       reply->location, cw_acme_state_name(order->state));
	free(order->url);
	order->url = cw_take(&reply->location);
	return order->created != NULL ? order->created(order->created_context, order, error)
				      : CW_OK;
}

static void
on_new_order(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct opening *opening = context;
	struct session *session = opening->session;
	struct cw_acme_order *order = opening->order;
	cw_auto_error struct cw_error nonsense = {0};

	opening->call = NULL;
	if (error != NULL && refused_replaces(order, reply, error)) {
		cw_log_info("%s; asking again without naming the certificate to be replaced",
			    error->message);
		free(cw_take(&order->replaces));
		session->orders_left--;
		request_new(opening);
		return;
	}
	if (error == NULL && read_new_order(opening, reply, &nonsense) != CW_OK)
		error = &nonsense;
	if (error != NULL)
		fail(opening, error);
	order_answered(session);
}

static struct json_object *
new_order_payload(const struct cw_acme *acme, const struct cw_acme_order *order)
{
	struct json_object *payload = cw_json_new_object();
	struct json_object *identifiers = cw_json_new_array();

	for (size_t i = 0; i < order->identifier_count; i++) {
		struct json_object *identifier = cw_json_new_object();

		cw_json_set_string(identifier, "type", order->identifiers[i]->type);
		cw_json_set_string(identifier, "value", order->identifiers[i]->value);
		cw_json_append(identifiers, identifier);
	}
	cw_json_set(payload, "identifiers", identifiers);
	if (order->profile != NULL)
		cw_json_set_string(payload, "profile", order->profile);
	/* Only servers with renewal information know the member. */
	if (order->replaces != NULL && cw_acme_resource(acme, "renewalInfo") != NULL)
		cw_json_set_string(payload, "replaces", order->replaces);
	return payload;
}

static void
request_new(struct opening *opening)
{
	struct cw_acme *acme = opening->session->batch.acme;
	cw_auto_json struct json_object *payload = new_order_payload(acme, opening->order);
	cw_autofree char *names = cw_acme_order_names(opening->order);
	cw_autofree char *what = cw_format("the order for %s", names);
	struct cw_acme_request request = {.what = what,
					  .url = cw_acme_resource(acme, "newOrder"),
					  .payload = cw_json_text(payload)};

	opening->session->orders_left++;
	opening->call = cw_acme_call_start(acme, &request, on_new_order, opening);
}

/* ---- an order to continue */

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
	struct opening *opening = context;
	struct session *session = opening->session;
	struct cw_acme_order *order = opening->order;
	cw_auto_error struct cw_error nonsense = {0};
	const char *why = NULL;

	opening->call = NULL;
	if (error != NULL && reply->status / 100 != 4 && error->status != CW_E_PROTOCOL) {
		fail(opening, error);
		order_answered(session);
		return;
	}
	if (error != NULL)
		why = error->message;
	else if (cw_acme_order_parse(session->batch.acme, reply->body, order->url, order,
				     &opening->urls, &nonsense) != CW_OK)
		why = nonsense.message;
	else
		why = why_not(order);
	if (why != NULL) {
		session->orders_left--;
		make_anew(opening, why);
		return;
	}
	order->continued = true;
	if (order->state != CW_ACME_PENDING && order->state != CW_ACME_READY) {
		cw_strv_clear(&opening->urls);
		cw_acme_batch_one_done(&session->batch);
	}
	order_answered(session);
}

static void
request_old(struct opening *opening)
{
	struct cw_acme_request request = {.what = "the query of the order to be continued",
					  .url = opening->order->url};

	opening->session->orders_left++;
	opening->call =
		cw_acme_call_start(opening->session->batch.acme, &request, on_old_order, opening);
}

static void
start(struct opening *opening)
{
	const struct cw_acme_order *order = opening->order;

	if (order->url == NULL)
		request_new(opening);
	else if (!cw_acme_url_ok(opening->session->batch.acme, order->url))
		make_anew(opening, "its URL is not usable");
	else
		request_old(opening);
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
	struct session session = {.batch = {.acme = acme}};
	int status = cw_acme_need_account(acme, error);

	if (status != CW_OK)
		return status;
	session.openings = cw_calloc(count + 1, sizeof(struct opening));
	for (size_t i = 0; i < count; i++) {
		struct opening *opening = &session.openings[session.count];

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
		drop_fetches(&session.openings[i]);
	}
	free(session.openings);
	return status;
}
