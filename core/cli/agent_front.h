/* What cli/ does for the agent. */
#ifndef CW_CLI_AGENT_FRONT_H
#define CW_CLI_AGENT_FRONT_H

#include "cli/parse.h"
#include "flow/agent/front.h"

extern const struct cw_agent_front cw_agent_front;

/* Whether the agent of INVOCATION, if it is one, logs JSON objects. */
bool cw_agent_logs_json(const struct cw_invocation *invocation);
/* Logs the error that has ended the agent as such an object. */
void cw_agent_log_end(const struct cw_error *error);

#endif
