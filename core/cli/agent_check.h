/* Checks what the agent is told of a certificate, as far as that can be done without a CA. */
#ifndef CW_CLI_AGENT_CHECK_H
#define CW_CLI_AGENT_CHECK_H

#include "cli/parse.h"

/*
 * Checks the settings of INVOCATION, which describe a certificate from one of SERVERS (the
 * directories' URLs). Its plugins are opened for that, and their options are added to INVOCATION.
 */
int cw_agent_check(const struct cw_invocation *invocation, const struct cw_strv *servers,
		   struct cw_registry *registry, struct cw_error *error);

#endif
