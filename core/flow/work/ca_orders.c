/* The steps of an issuance, as ca.h has them. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "flow/work/ca_internal.h"

static struct cw_ca_call *
ask_for_orders(struct cw_ca *ca, struct cw_message *message, struct cw_acme_order *const *orders,
	       size_t count, cw_ca_take take, cw_ca_done done, void *context)
{
	struct cw_ca_call *call = cw_ca_ask(ca, message, take, done, context);

	call->orders = cw_calloc(count + 1, sizeof(struct cw_acme_order *));
	memcpy(call->orders, orders, count * sizeof(struct cw_acme_order *));
	call->count = count;
	return call;
}

/* RFC 8555 section 8.1: what a plugin publishes is made of our own key, whatever the network
 * process says. */
static void
authorize(const struct cw_ca *ca, struct cw_acme_order *order)
{
	for (size_t i = 0; i < order->authorization_count; i++) {
		const struct cw_acme_authorization *authorization = order->authorizations[i];

		for (size_t j = 0; j < authorization->challenge_count; j++) {
			struct cw_acme_challenge *challenge = authorization->challenges[j];

			challenge->key_authorization =
				*challenge->token != '\0'
					? cw_format("%s.%s", challenge->token,
						    ca->account_signer->signer->thumbprint)
					: cw_strdup("");
		}
	}
}

static void
take_opened(struct cw_ca_call *call, struct cw_message *answer)
{
	for (size_t i = 0; i < call->count && !answer->broken; i++) {
		cw_wire_get_opened(answer, call->orders[i]);
		authorize(call->ca, call->orders[i]);
	}
}

struct cw_ca_call *
cw_ca_orders_open(struct cw_ca *ca, struct cw_acme_order *const *orders, size_t count,
		  cw_ca_done done, void *context)
{
	struct cw_message *message = cw_ca_request(ca, CW_NETWORK_ORDERS_OPEN);

	cw_message_put_int(message, (int64_t)count);
	for (size_t i = 0; i < count; i++) {
		orders[i]->number = ++ca->last_order;
		cw_wire_put_wanted(message, orders[i]->number, orders[i]);
	}
	return ask_for_orders(ca, message, orders, count, take_opened, done, context);
}

static void
take_validated(struct cw_ca_call *call, struct cw_message *answer)
{
	for (size_t i = 0; i < call->count && !answer->broken; i++)
		cw_wire_get_validated(answer, call->orders[i]);
}

struct cw_ca_call *
cw_ca_orders_validate(struct cw_ca *ca, struct cw_acme_order *const *orders, size_t count,
		      int64_t limit, cw_ca_done done, void *context)
{
	struct cw_message *message = cw_ca_request(ca, CW_NETWORK_ORDERS_VALIDATE);

	cw_message_put_int(message, limit);
	cw_message_put_int(message, (int64_t)count);
	for (size_t i = 0; i < count; i++)
		cw_wire_put_chosen(message, orders[i]->number, orders[i]);
	return ask_for_orders(ca, message, orders, count, take_validated, done, context);
}

static void
take_finalized(struct cw_ca_call *call, struct cw_message *answer)
{
	for (size_t i = 0; i < call->count && !answer->broken; i++) {
		enum cw_acme_state state = cw_wire_get_state(answer);
		cw_autofree char *url = cw_message_get_text(answer, CW_MESSAGE_LINE);
		cw_auto_error struct cw_error error = {0};

		cw_message_get_error(answer, &error);
		if (answer->broken)
			return;
		call->orders[i]->state = state;
		free(call->orders[i]->certificate_url);
		call->orders[i]->certificate_url = cw_take(&url);
		if (error.status != CW_OK)
			cw_error_move(&call->orders[i]->error, &error);
	}
}

struct cw_ca_call *
cw_ca_orders_finalize(struct cw_ca *ca, struct cw_acme_order *const *orders,
		      const struct cw_buf *const *csrs, size_t count, int64_t limit,
		      cw_ca_done done, void *context)
{
	struct cw_message *message = cw_ca_request(ca, CW_NETWORK_ORDERS_FINALIZE);

	cw_message_put_int(message, limit);
	cw_message_put_int(message, (int64_t)count);
	for (size_t i = 0; i < count; i++) {
		cw_message_put_int(message, orders[i]->number);
		cw_message_put_bytes(message, csrs[i]->data, csrs[i]->length);
	}
	return ask_for_orders(ca, message, orders, count, take_finalized, done, context);
}

static void
take_chains(struct cw_ca_call *call, struct cw_message *answer)
{
	cw_message_get_list(answer, CW_WIRE_CHAINS, CW_MESSAGE_BODY, call->chains);
}

struct cw_ca_call *
cw_ca_order_download(struct cw_ca *ca, const struct cw_acme_order *order, bool alternates,
		     struct cw_strv *chains, cw_ca_done done, void *context)
{
	struct cw_message *message = cw_ca_request(ca, CW_NETWORK_ORDER_DOWNLOAD);
	struct cw_ca_call *call;

	cw_message_put_int(message, order->number);
	cw_message_put_bool(message, alternates);
	call = cw_ca_ask(ca, message, take_chains, done, context);
	call->chains = chains;
	return call;
}

void
cw_ca_order_forget(struct cw_ca *ca, struct cw_acme_order *order)
{
	struct cw_message *notice;

	if (order == NULL || order->number == 0 ||
	    ca->generation != cw_network_generation(ca->network))
		return;
	notice = cw_message_new(CW_NETWORK_ORDERS_FORGET);
	cw_message_put_int(notice, ca->network_ca.number);
	cw_message_put_int(notice, 1);
	cw_message_put_int(notice, order->number);
	cw_network_tell(ca->network, notice);
	order->number = 0;
}

struct cw_ca_call *
cw_ca_authorization_deactivate(struct cw_ca *ca, const char *url, cw_ca_done done, void *context)
{
	struct cw_message *message = cw_ca_request(ca, CW_NETWORK_AUTHORIZATION_DEACTIVATE);

	cw_message_put_text(message, url);
	return cw_ca_ask(ca, message, NULL, done, context);
}
