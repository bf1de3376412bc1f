#include "acme/opening.h"
#include "acme/parse.h"
#include "acme/problem.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { SERVER_ERRORS_MAX = 2 }; /* that an order with "replaces" bears */

/* Whether the CA would not make the order with "replaces", without which the order can be had all
 * the same (RFC 9773 section 5). Servers refuse it with many types of problem, and some answer
 * HTTP 500 when they cannot find the certificate. */
static bool
refused_replaces(const struct cw_acme_order *order, const struct cw_acme_reply *reply)
{
	return order->replaces != NULL && (reply->status / 100 == 4 || reply->status / 100 == 5);
}

/* Reads the order that was made; its authorizations' URLs wait in the opening. */
static int
read_new_order(struct cw_acme_opening *opening, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme_order *order = opening->order;
	const struct cw_acme *acme = opening->session->operation.acme;
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
	return CW_OK;
}

static void
on_new_order(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme_opening *opening = context;
	struct cw_acme_open_session *session = opening->session;
	struct cw_acme_order *order = opening->order;
	cw_auto_error struct cw_error nonsense = {0};

	opening->call = NULL;
	if (error != NULL && refused_replaces(order, reply)) {
		cw_log_info("%s; asking again without naming the certificate to be replaced",
			    error->message);
		free(cw_take(&order->replaces));
		session->orders_left--;
		cw_acme_opening_request_new(opening);
		return;
	}
	if (error == NULL && read_new_order(opening, reply, &nonsense) != CW_OK)
		error = &nonsense;
	if (error != NULL)
		cw_acme_opening_fail(opening, error);
	else if (session->created != NULL)
		opening->waits = true;
	cw_acme_open_answered(session);
	if (!opening->waits)
		return;
	/* Last, as the operation may be cancelled there. */
	order->opening = opening;
	session->created(session->operation.context, order);
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

void
cw_acme_opening_request_new(struct cw_acme_opening *opening)
{
	struct cw_acme *acme = opening->session->operation.acme;
	cw_auto_json struct json_object *payload = new_order_payload(acme, opening->order);
	cw_autofree char *names = cw_acme_order_names(opening->order);
	cw_autofree char *what = cw_format("the order for %s", names);
	struct cw_acme_request request = {
		.what = what, .resource = "newOrder", .payload = cw_json_text(payload)};

	if (cw_json_string(payload, "replaces") != NULL)
		request.server_errors = SERVER_ERRORS_MAX;
	opening->session->orders_left++;
	opening->call = cw_acme_call_start(acme, &request, on_new_order, opening);
}
