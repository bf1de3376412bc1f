#include "flow/work/relay.h"
#include <stdlib.h>
#include "acme/wire.h"
#include "base/mem.h"

struct cw_relay {
	struct cw_relay **list;
	struct cw_plugin_request *request;
	struct cw_network_call *call;
	struct cw_relay *next;
};

static void
forget(struct cw_relay *relay)
{
	struct cw_relay **at = relay->list;

	while (*at != relay)
		at = &(*at)->next;
	*at = relay->next;
	free(relay);
}

static void
answered(void *context, struct cw_message *answer, const struct cw_error *error)
{
	struct cw_relay *relay = context;
	struct cw_plugin_request *request = relay->request;
	struct cw_message *copy = NULL;

	forget(relay);
	/* The fields as they came, unread: they are the plugin process' to judge. */
	if (answer != NULL) {
		copy = cw_message_new(answer->type);
		cw_buf_add(&copy->fields, cw_buf_text(&answer->fields), answer->fields.length);
	}
	cw_plugin_answer_network(request, copy, error);
}

void
cw_relay(struct cw_relay **list, struct cw_network *network, enum cw_plugin_message service,
	 struct cw_message *message, struct cw_plugin_request *request)
{
	static const struct {
		enum cw_plugin_message service;
		unsigned type;
	} types[] = {
		{CW_PLUGIN_HTTP, CW_NETWORK_HTTP},
		{CW_PLUGIN_LOCATE, CW_NETWORK_LOCATE},
		{CW_PLUGIN_WAIT_TXT, CW_NETWORK_WAIT_TXT},
		{CW_PLUGIN_DNS_EXCHANGE, CW_NETWORK_DNS_EXCHANGE},
	};
	struct cw_relay *relay = cw_alloc(sizeof(*relay));

	for (size_t i = 0; i < CW_COUNT(types); i++)
		if (types[i].service == service)
			message->type = types[i].type;
	message->number = 0;
	relay->list = list;
	relay->request = request;
	relay->next = *list;
	*list = relay;
	relay->call = cw_network_ask(network, message, answered, relay);
}

void
cw_relays_end(struct cw_relay **list, const struct cw_error *error)
{
	while (*list != NULL) {
		cw_network_cancel((*list)->call);
		cw_plugin_answer_network((*list)->request, NULL, error);
		forget(*list);
	}
}
