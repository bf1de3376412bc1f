#include "flow/work/network_process.h"
#include <stdlib.h>
#include <string.h>
#include "acme/wire.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/peer.h"
#include "base/role.h"
#include "base/sandbox.h"
#include "flow/work/user_agent.h"

enum { STARTS_MAX = 2, END_LIMIT = 1000 /* milliseconds */ };

struct cw_network_call {
	struct cw_network *network;
	uint32_t number; /* of the request; 0: it will fail */
	cw_network_done done;
	void *context;
	struct cw_network_call *next;
};

struct cw_network {
	struct cw_loop *loop;
	const struct cw_settings *settings;
	unsigned starts;
	struct cw_role_process *process;
	struct cw_peer *peer;    /* NULL: there is none, or it is gone */
	struct cw_error failure; /* why there is no (other) process; or why the last one ended */
	bool refused;            /* it cannot do its work here: another one could not either */
	bool broke;              /* the last one, the protocol */
	struct cw_network_call *calls;
	struct cw_timer *soon; /* calls that could not be sent */
	struct cw_network_ca *cas;
	uint32_t last_ca;
	void (*counted)(void *context, const char *server, int64_t sent, int64_t failed);
	void *counted_context;
};

struct cw_network *
cw_network_new(struct cw_loop *loop, const struct cw_settings *settings)
{
	struct cw_network *network = cw_alloc(sizeof(*network));

	network->loop = loop;
	network->settings = settings;
	return network;
}

void
cw_network_count(struct cw_network *network,
		 void (*counted)(void *context, const char *server, int64_t sent, int64_t failed),
		 void *context)
{
	network->counted = counted;
	network->counted_context = context;
}

void
cw_network_free(struct cw_network *network)
{
	if (network == NULL)
		return;
	cw_peer_free(network->peer);
	cw_role_free(network->process);
	cw_loop_cancel(network->loop, network->soon);
	while (network->calls != NULL) {
		struct cw_network_call *next = network->calls->next;

		free(network->calls);
		network->calls = next;
	}
	cw_error_clear(&network->failure);
	free(network);
}

struct cw_loop *
cw_network_loop(const struct cw_network *network)
{
	return network->loop;
}

bool
cw_network_is_there(const struct cw_network *network)
{
	return network->peer != NULL;
}

unsigned
cw_network_generation(const struct cw_network *network)
{
	return network->starts;
}

void
cw_network_add_ca(struct cw_network *network, struct cw_network_ca *ca)
{
	ca->number = ++network->last_ca;
	ca->next = network->cas;
	network->cas = ca;
}

void
cw_network_remove_ca(struct cw_network *network, struct cw_network_ca *ca)
{
	struct cw_network_ca **at = &network->cas;

	while (*at != NULL && *at != ca)
		at = &(*at)->next;
	if (*at != NULL)
		*at = ca->next;
}

/* What the process logs is this program's own log; what it quotes of others was escaped there. */
static void
take_log(struct cw_message *message)
{
	enum cw_log_level level =
		(enum cw_log_level)cw_message_get_int(message, CW_LOG_DEBUG, CW_LOG_ERROR);
	cw_autofree char *line = cw_message_need_text(message, CW_MESSAGE_LINE);

	if (cw_message_finish(message, "the network process", NULL) < 0)
		return;
	if (level == CW_LOG_DEBUG)
		cw_log_debug("network: %s", line);
	else if (level == CW_LOG_INFO)
		cw_log_info("%s", line);
	else if (level == CW_LOG_WARNING)
		cw_log_warning("%s", line);
	else
		cw_log_error("%s", line);
}

static struct cw_message *
refusal(const char *why)
{
	struct cw_message *answer = cw_message_new(CW_NETWORK_ANSWER);
	cw_auto_error struct cw_error error = {0};

	cw_fail(&error, CW_E_PROTOCOL, "%s", why);
	cw_message_put_error(answer, &error);
	return answer;
}

/* The CA that the first field of MESSAGE names; NULL: there is none. */
static struct cw_network_ca *
get_ca(const struct cw_network *network, struct cw_message *message)
{
	uint32_t number = cw_wire_get_number(message);
	struct cw_network_ca *ca = network->cas;

	while (ca != NULL && ca->number != number)
		ca = ca->next;
	return ca;
}

static void
take_count(struct cw_network *network, struct cw_message *message)
{
	const struct cw_network_ca *ca = get_ca(network, message);
	int64_t sent = cw_message_get_int(message, 0, INT32_MAX);
	int64_t failed = cw_message_get_int(message, 0, INT32_MAX);

	if (cw_message_finish(message, "the network process", NULL) == CW_OK && ca != NULL &&
	    network->counted != NULL)
		network->counted(network->counted_context, ca->server, sent, failed);
}

static struct cw_message *
answer_request(struct cw_network *network, struct cw_message *message)
{
	struct cw_network_ca *ca = get_ca(network, message);

	if (ca != NULL && message->type == CW_NETWORK_SIGN)
		return ca->sign(ca, message);
	if (ca != NULL && message->type == CW_NETWORK_CREATED)
		return ca->created(ca, message);
	return refusal("the network process asked for something that it may not have");
}

static void
received(void *context, struct cw_message *message)
{
	struct cw_network *network = context;

	if (message->type == CW_NETWORK_LOG)
		take_log(message);
	else if (message->type == CW_NETWORK_COUNTED)
		take_count(network, message);
	else
		cw_peer_answer(network->peer, message, answer_request(network, message));
	cw_message_free(message);
}

/* Takes CALL out of the list. */
static void
forget(struct cw_network_call *call)
{
	struct cw_network_call **at = &call->network->calls;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
}

static void
finish(struct cw_network_call *call, struct cw_message *answer, const struct cw_error *error)
{
	cw_network_done done = call->done;
	void *context = call->context;

	forget(call);
	free(call);
	done(context, answer, error);
}

/* Fails the calls that were not sent, or whose process is gone. */
static void
fail_unsent(void *context)
{
	struct cw_network *network = context;

	network->soon = NULL;
	for (;;) {
		struct cw_network_call *call = network->calls;
		cw_auto_error struct cw_error error = {0};

		while (call != NULL && call->number != 0)
			call = call->next;
		if (call == NULL)
			return;
		cw_error_copy(&error, &network->failure);
		finish(call, NULL, &error);
	}
}

static void
fail_soon(struct cw_network *network)
{
	if (network->soon == NULL)
		network->soon = cw_loop_timer(network->loop, 0, fail_unsent, network);
}

/*
 * Both the process and its socket are gone, and all that it said was read: whoever waits is told.
 * Not before: who is told may ask again at once, and is to find a new process.
 */
static void
settle(struct cw_network *network)
{
	if (network->peer != NULL || network->process != NULL)
		return;
	if (!network->refused)
		cw_hint(&network->failure, "see the log; run the command again");
	cw_loop_cancel(network->loop, network->soon);
	fail_unsent(network);
}

static void
gone(void *context, const struct cw_error *reason)
{
	struct cw_network *network = context;
	bool broke = reason->status == CW_E_PROTOCOL;

	/* Its end, where that came first, says more. Another process may do better. */
	if (!network->refused && (broke || network->process != NULL)) {
		cw_error_clear(&network->failure);
		cw_fail(&network->failure, CW_E_IO, "%s", reason->message);
	}
	if (broke) {
		cw_log_error("%s; it is ended", reason->message);
		network->broke = true;
	}
	cw_peer_free(cw_take(&network->peer));
	if (network->process != NULL)
		cw_role_stop(network->process, broke ? 0 : END_LIMIT);
	settle(network);
}

static void
ended(void *context)
{
	struct cw_network *network = context;
	cw_auto_error struct cw_error fate = {0};

	cw_role_fate(network->process, &fate);
	if (!network->refused) {
		cw_log_warning("%s%s", fate.message,
			       network->starts < STARTS_MAX
				       ? "; it is started again when it is needed"
				       : "");
		if (!network->broke)
			cw_error_move(&network->failure, &fate);
	}
	cw_role_free(cw_take(&network->process));
	settle(network);
}

static void
begun(void *context, struct cw_message **answer, const struct cw_error *gone_error)
{
	struct cw_network *network = context;
	cw_auto_strv struct cw_strv missing = {0};
	cw_auto_error struct cw_error error = {0};

	(void)gone_error;
	if (*answer == NULL)
		return;
	cw_message_get_error(*answer, &error);
	if (error.status == CW_OK) {
		cw_message_get_list(*answer, 16, CW_MESSAGE_LINE, &missing);
		cw_message_finish(*answer, "the network process", &error);
	}
	for (size_t i = 0; error.status == CW_OK && i < missing.count; i++)
		cw_log_debug("the network process keeps rights that it does not need: %s",
			     missing.items[i]);
	if (error.status < 0) {
		network->refused = true;
		cw_error_move(&network->failure, &error);
	}
}

static struct cw_message *
begin_message(const struct cw_network *network)
{
	const struct cw_settings *settings = network->settings;
	const char *user = cw_settings_get(settings, "network_user");
	cw_autofree char *agent = cw_user_agent(settings);
	struct cw_message *message = cw_message_new(CW_NETWORK_BEGIN);

	cw_message_put_text(message, agent);
	cw_message_put_bool(message, !cw_settings_flag(settings, "no_verify_ssl"));
	cw_message_put_text(message, user != NULL ? user : cw_sandbox_default_user());
	cw_message_put_bool(message, cw_settings_flag(settings, "require_sandbox"));
	return message;
}

static int
start(struct cw_network *network, struct cw_error *error)
{
	const struct cw_role_start role = {.role = "network",
					   .what = "the network process",
					   .ended = ended,
					   .context = network};
	const struct cw_peer_handler handler = {
		.received = received, .gone = gone, .context = network};
	int status;

	if (network->peer != NULL)
		return CW_OK;
	if (network->refused || network->starts == STARTS_MAX) {
		cw_error_copy(error, &network->failure);
		return error->status;
	}
	status = cw_user_agent_check(network->settings, error);
	if (network->process != NULL) {
		/* The end of the last one need not be awaited. */
		cw_role_free(cw_take(&network->process));
		fail_soon(network);
	}
	network->broke = false;
	if (status == CW_OK)
		status = cw_role_start(network->loop, &role, &network->process, error);
	if (status < 0)
		return status;
	network->starts++;
	network->peer = cw_peer_new(network->loop, cw_role_take_socket(network->process), role.what,
				    &handler);
	cw_peer_ask(network->peer, begin_message(network), begun, network);
	return CW_OK;
}

void
cw_network_start(struct cw_network *network)
{
	cw_auto_error struct cw_error error = {0};

	start(network, &error);
}

static void
answered(void *context, struct cw_message **answer, const struct cw_error *gone_error)
{
	struct cw_network_call *call = context;
	cw_auto_error struct cw_error error = {0};

	(void)gone_error;
	if (*answer == NULL) {
		/* gone() follows. */
		call->number = 0;
		return;
	}
	cw_message_get_error(*answer, &error);
	if ((*answer)->broken)
		cw_message_finish(*answer, "the network process", &error);
	if (error.status < 0)
		finish(call, NULL, &error);
	else
		finish(call, *answer, NULL);
}

struct cw_network_call *
cw_network_ask(struct cw_network *network, struct cw_message *message, cw_network_done done,
	       void *context)
{
	struct cw_network_call *call = cw_alloc(sizeof(*call));
	cw_auto_error struct cw_error error = {0};

	call->network = network;
	call->done = done;
	call->context = context;
	call->next = network->calls;
	network->calls = call;
	if (start(network, &error) == CW_OK) {
		call->number = cw_peer_ask(network->peer, message, answered, call);
		return call;
	}
	cw_message_free(message);
	cw_error_move(&network->failure, &error);
	fail_soon(network);
	return call;
}

void
cw_network_tell(struct cw_network *network, struct cw_message *message)
{
	if (network->peer != NULL)
		cw_peer_tell(network->peer, message);
	else
		cw_message_free(message);
}

void
cw_network_cancel(struct cw_network_call *call)
{
	struct cw_message *notice;

	if (call == NULL)
		return;
	if (call->number != 0 && call->network->peer != NULL) {
		cw_peer_forget(call->network->peer, call->number);
		notice = cw_message_new(CW_NETWORK_CANCEL);
		cw_message_put_int(notice, call->number);
		cw_network_tell(call->network, notice);
	}
	forget(call);
	free(call);
}
