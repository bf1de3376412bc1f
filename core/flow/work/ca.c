#include "flow/work/ca.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "flow/work/ca_internal.h"

enum { CLOSE_LIMIT = 1000 /* milliseconds */ };

static struct cw_message *created(struct cw_network_ca *network_ca, struct cw_message *request);

struct cw_ca *
cw_ca_new(struct cw_network *network, const char *server, const char *work,
	  struct cw_ca_memory *memory)
{
	struct cw_ca *ca = cw_alloc(sizeof(*ca));

	ca->network = network;
	ca->server = cw_strdup(server);
	ca->work = cw_strdup(work);
	ca->memory = memory;
	ca->network_ca.server = ca->server;
	ca->network_ca.sign = cw_ca_sign;
	ca->network_ca.created = created;
	cw_network_add_ca(network, &ca->network_ca);
	return ca;
}

void
cw_ca_free(struct cw_ca *ca)
{
	if (ca == NULL)
		return;
	while (ca->calls != NULL)
		cw_ca_cancel(ca->calls);
	while (ca->signers != NULL)
		cw_ca_remove_signer(ca, ca->signers);
	cw_network_remove_ca(ca->network, &ca->network_ca);
	cw_wire_directory_clear(&ca->directory);
	free(ca->account_uri);
	free(ca->server);
	free(ca->work);
	free(ca);
}

const char *
cw_ca_server(const struct cw_ca *ca)
{
	return ca->server;
}

void
cw_ca_only_ask(struct cw_ca *ca, int64_t limit)
{
	ca->limit = limit;
	ca->only_asks = true;
}

void
cw_ca_fetch_anew(struct cw_ca *ca)
{
	ca->anew = true;
}

const struct cw_wire_directory *
cw_ca_directory(const struct cw_ca *ca)
{
	return ca->known ? &ca->directory : NULL;
}

struct cw_ca_signer *
cw_ca_add_signer(struct cw_ca *ca, const struct cw_key *key, bool with_jwk)
{
	struct cw_ca_signer *signer = cw_alloc(sizeof(*signer));

	signer->number = ++ca->last_signer;
	signer->key = cw_key_share(key);
	signer->signer = cw_signer_from_key(signer->key);
	signer->with_jwk = with_jwk;
	signer->next = ca->signers;
	ca->signers = signer;
	return signer;
}

void
cw_ca_remove_signer(struct cw_ca *ca, struct cw_ca_signer *signer)
{
	struct cw_ca_signer **at = &ca->signers;

	if (signer == NULL)
		return;
	while (*at != signer)
		at = &(*at)->next;
	*at = signer->next;
	if (ca->account_signer == signer)
		ca->account_signer = NULL;
	cw_signer_free(signer->signer);
	cw_key_free(signer->key);
	free(signer);
}

static void
tell_account(struct cw_ca *ca)
{
	struct cw_message *notice = cw_message_new(CW_NETWORK_ACCOUNT_USE);

	cw_message_put_int(notice, ca->network_ca.number);
	cw_message_put_int(notice, ca->account_signer->number);
	cw_message_put_text(notice, ca->account_signer->signer->thumbprint);
	cw_message_put_text(notice, ca->account_uri);
	cw_network_tell(ca->network, notice);
}

void
cw_ca_use_account(struct cw_ca *ca, const struct cw_key *key, const char *uri)
{
	char *copy = cw_strdup(uri);

	cw_ca_remove_signer(ca, ca->account_signer);
	free(ca->account_uri);
	ca->account_uri = copy;
	ca->account_signer = cw_ca_add_signer(ca, key, false);
	if (ca->generation == cw_network_generation(ca->network) && ca->generation != 0)
		tell_account(ca);
}

static void
finish(struct cw_ca_call *call, struct cw_error *error)
{
	struct cw_ca_call **at = &call->ca->calls;
	cw_ca_done done = call->done;
	void *context = call->context;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	cw_ca_remove_signer(call->ca, call->signer);
	cw_loop_cancel(cw_network_loop(call->ca->network), call->soon);
	cw_error_clear(&call->failure);
	free(call->orders);
	free(call->infos);
	free(call);
	if (done != NULL)
		done(context, error);
}

static void
answered(void *context, struct cw_message *answer, const struct cw_error *failure)
{
	struct cw_ca_call *call = context;
	cw_auto_error struct cw_error error = {0};

	call->asked = NULL;
	if (answer == NULL) {
		cw_error_copy(&error, failure);
	} else {
		if (call->take != NULL)
			call->take(call, answer);
		cw_message_finish(answer, "the network process", &error);
	}
	finish(call, error.status < 0 ? &error : NULL);
}

void
cw_ca_cancel(struct cw_ca_call *call)
{
	if (call == NULL)
		return;
	cw_network_cancel(cw_take(&call->asked));
	call->done = NULL;
	finish(call, NULL);
}

static struct cw_ca_call *
new_call(struct cw_ca *ca, cw_ca_done done, void *context)
{
	struct cw_ca_call *call = cw_alloc(sizeof(*call));

	call->ca = ca;
	call->done = done;
	call->context = context;
	call->next = ca->calls;
	ca->calls = call;
	return call;
}

struct cw_ca_call *
cw_ca_ask(struct cw_ca *ca, struct cw_message *message, cw_ca_take take, cw_ca_done done,
	  void *context)
{
	struct cw_ca_call *call = new_call(ca, done, context);

	call->take = take;
	call->asked = cw_network_ask(ca->network, message, answered, call);
	return call;
}

static void
end_soon(void *context)
{
	struct cw_ca_call *call = context;
	cw_auto_error struct cw_error error = {0};

	call->soon = NULL;
	cw_error_move(&error, &call->failure);
	finish(call, error.status < 0 ? &error : NULL);
}

struct cw_ca_call *
cw_ca_fail(struct cw_ca *ca, const struct cw_error *error, cw_ca_done done, void *context)
{
	struct cw_ca_call *call = new_call(ca, done, context);

	if (error != NULL)
		cw_error_copy(&call->failure, error);
	call->soon = cw_loop_timer(cw_network_loop(ca->network), 0, end_soon, call);
	return call;
}

static void
take_directory(struct cw_ca_call *call, struct cw_message *answer)
{
	struct cw_ca *ca = call->ca;
	struct cw_wire_directory directory = {0};

	cw_wire_get_directory(answer, &directory);
	if (answer->broken) {
		cw_wire_directory_clear(&directory);
		return;
	}
	cw_wire_directory_clear(&ca->directory);
	ca->directory = directory;
	ca->known = true;
}

/* The process that is there, or the one that this starts, gets to know the CA. */
static struct cw_ca_call *
open_ca(struct cw_ca *ca, cw_ca_done done, void *context)
{
	struct cw_message *message = cw_message_new(CW_NETWORK_CA_OPEN);
	cw_autofree char *directory = NULL;
	cw_autofree char *nonce = NULL;
	struct cw_ca_call *call;

	cw_ca_recall(ca, &directory, &nonce);
	cw_message_put_int(message, ca->network_ca.number);
	cw_message_put_text(message, ca->server);
	cw_message_put_text(message, directory);
	cw_message_put_text(message, nonce);
	cw_message_put_int(message, ca->limit);
	cw_message_put_bool(message, ca->only_asks);
	call = cw_ca_ask(ca, message, take_directory, done, context);
	ca->generation = cw_network_generation(ca->network);
	if (ca->account_signer != NULL)
		tell_account(ca);
	return call;
}

struct cw_message *
cw_ca_request(struct cw_ca *ca, unsigned type)
{
	struct cw_message *message = cw_message_new(type);

	if (!cw_network_is_there(ca->network) ||
	    ca->generation != cw_network_generation(ca->network))
		open_ca(ca, NULL, NULL);
	cw_message_put_int(message, ca->network_ca.number);
	return message;
}

struct cw_ca_call *
cw_ca_open(struct cw_ca *ca, cw_ca_done done, void *context)
{
	return ca->known ? cw_ca_fail(ca, NULL, done, context) : open_ca(ca, done, context);
}

struct closing {
	struct cw_ca *ca;
	bool done;
};

static void
closed(void *context, struct cw_message *answer, const struct cw_error *error)
{
	struct closing *closing = context;
	cw_autofree char *directory = NULL;
	cw_autofree char *nonce = NULL;
	bool fetched;

	closing->done = true;
	if (error != NULL)
		return;
	directory = cw_message_get_text(answer, CW_MESSAGE_BODY);
	fetched = cw_message_get_bool(answer);
	nonce = cw_message_get_text(answer, CW_MESSAGE_LINE);
	if (cw_message_finish(answer, "the network process", NULL) == CW_OK &&
	    (nonce == NULL || strpbrk(nonce, "\r\n") == NULL) &&
	    (fetched || !closing->ca->only_asks))
		cw_ca_remember(closing->ca, directory, fetched, nonce);
}

static void
too_late(void *context)
{
	bool *expired = context;

	*expired = true;
}

/* Waits for CALL; a second at most. */
static void
wait_for_end(struct cw_loop *loop, struct closing *closing, struct cw_network_call *call)
{
	bool expired = false;
	struct cw_timer *timer = cw_loop_timer(loop, CLOSE_LIMIT, too_late, &expired);

	cw_shield_signals(+1);
	while (!closing->done && !expired)
		cw_loop_turn(loop, -1, NULL);
	cw_shield_signals(-1);
	if (!expired)
		cw_loop_cancel(loop, timer);
	if (!closing->done)
		cw_network_cancel(call);
}

void
cw_ca_close(struct cw_ca *ca)
{
	struct closing closing = {.ca = ca};

	if (ca == NULL)
		return;
	while (ca->calls != NULL)
		cw_ca_cancel(ca->calls);
	if (ca->known && cw_network_is_there(ca->network) &&
	    ca->generation == cw_network_generation(ca->network)) {
		struct cw_message *message = cw_message_new(CW_NETWORK_CA_CLOSE);

		cw_message_put_int(message, ca->network_ca.number);
		wait_for_end(cw_network_loop(ca->network), &closing,
			     cw_network_ask(ca->network, message, closed, &closing));
	}
	cw_ca_free(ca);
}

struct cw_acme_order *
cw_ca_find_order(const struct cw_ca *ca, uint32_t number)
{
	for (const struct cw_ca_call *call = ca->calls; call != NULL; call = call->next)
		for (size_t i = 0; call->orders != NULL && i < call->count; i++)
			if (call->orders[i]->number == number)
				return call->orders[i];
	return NULL;
}

/* An order was made: it is recorded before it goes on. */
static struct cw_message *
created(struct cw_network_ca *network_ca, struct cw_message *request)
{
	const struct cw_ca *ca = (const struct cw_ca *)network_ca;
	struct cw_acme_order *order = cw_ca_find_order(ca, cw_wire_get_number(request));
	cw_autofree char *url = cw_message_need_text(request, CW_MESSAGE_LINE);
	struct cw_message *answer = cw_message_new(CW_NETWORK_ANSWER);
	cw_auto_error struct cw_error error = {0};

	if (cw_message_finish(request, "the network process", &error) == CW_OK && order == NULL)
		cw_fail(&error, CW_E_PROTOCOL, "an order was made that nobody asked for");
	if (error.status == CW_OK) {
		free(order->url);
		order->url = cw_take(&url);
		if (order->created != NULL)
			order->created(order->created_context, order, &error);
	}
	cw_message_put_error(answer, &error);
	return answer;
}

void
cw_ca_waited(void *context, struct cw_error *error)
{
	struct cw_ca_wait *wait = context;

	wait->done = true;
	if (error != NULL)
		cw_error_move(&wait->error, error);
}

int
cw_ca_wait_for(struct cw_ca *ca, struct cw_ca_call *call, struct cw_ca_wait *wait,
	       struct cw_error *error)
{
	int status = cw_loop_until(cw_network_loop(ca->network), &wait->done, error);

	if (status < 0)
		cw_ca_cancel(call);
	else if (wait->error.status < 0)
		status = error != NULL ? cw_error_move(error, &wait->error) : wait->error.status;
	cw_error_clear(&wait->error);
	wait->done = false;
	return status;
}
