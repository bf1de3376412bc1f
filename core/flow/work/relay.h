/* Requests of plugin processes that the network process is asked in their name. */
#ifndef CW_FLOW_WORK_RELAY_H
#define CW_FLOW_WORK_RELAY_H

#include "flow/work/network_process.h"
#include "plugin/process.h"

/* A request under way; who asks keeps a list, which begins as NULL and must stay where it is. */
struct cw_relay;

/* For cw_plugin_handlers.network: sends MESSAGE (taken) on, and answers REQUEST with what comes. */
void cw_relay(struct cw_relay **list, struct cw_network *network, enum cw_plugin_message service,
	      struct cw_message *message, struct cw_plugin_request *request);
/* Answers all that wait with ERROR. */
void cw_relays_end(struct cw_relay **list, const struct cw_error *error);

#endif
