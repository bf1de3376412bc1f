/* Passes requests of plugin processes on to the network process. */
#ifndef CW_FLOW_WORK_RELAY_H
#define CW_FLOW_WORK_RELAY_H

#include "flow/work/network_process.h"
#include "plugin/process.h"

/* A request in progress. The caller keeps a list of them, which starts as NULL and must not move in
 * memory. */
struct cw_relay;

/* For cw_plugin_handlers.network: sends MESSAGE (taken) to the network process and answers REQUEST
 * with its answer. */
void cw_relay(struct cw_relay **list, struct cw_network *network, enum cw_plugin_message service,
	      struct cw_message *message, struct cw_plugin_request *request);
/* Answers all pending requests with ERROR. */
void cw_relays_end(struct cw_relay **list, const struct cw_error *error);

#endif
