/*
 * Reads what the agent is to do: its command line, the environment, and agent.ini, which has
 * options as in cli.ini and then a [section] for each certificate. The command line comes before
 * the environment, and that before the first part of agent.ini. What a section says about its
 * certificate comes before all of them.
 */
#ifndef CW_CLI_AGENT_CONFIG_H
#define CW_CLI_AGENT_CONFIG_H

#include "base/error.h"
#include "base/json.h"
#include "base/option.h"

/* struct cw_agent_front (flow/agent/front.h). */
int cw_agent_configure(const struct cw_settings *own, struct json_object *config,
		       struct cw_error *error);

#endif
