/* What cli/ does for the agent. */
#ifndef CW_CLI_AGENT_FRONT_H
#define CW_CLI_AGENT_FRONT_H

#include "flow/agent/front.h"

extern const struct cw_agent_front cw_agent_front;

#endif
