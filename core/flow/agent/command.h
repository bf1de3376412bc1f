/* "agent status", "agent renew NAME" and "agent reload": they ask a running agent. */
#ifndef CW_FLOW_AGENT_COMMAND_H
#define CW_FLOW_AGENT_COMMAND_H

#include "flow/context.h"

/* Does what context->words say (cw_flow_agent()). */
int cw_agent_command(struct cw_context *context, struct json_object *result,
		     struct cw_error *error);

#endif
