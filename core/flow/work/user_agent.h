/* How a run introduces itself to servers. */
#ifndef CW_FLOW_WORK_USER_AGENT_H
#define CW_FLOW_WORK_USER_AGENT_H

#include "base/option.h"

/* --user-agent, or what is made of the version and the plugins; release with free(). */
char *cw_user_agent(const struct cw_settings *settings);
/* CW_E_INVALID where a header could not hold it. */
int cw_user_agent_check(const struct cw_settings *settings, struct cw_error *error);

#endif
