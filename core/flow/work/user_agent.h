/* The User-Agent header of a run. */
#ifndef CW_FLOW_WORK_USER_AGENT_H
#define CW_FLOW_WORK_USER_AGENT_H

#include "base/option.h"

/* Returns --user-agent, or a text made from the version and the plugins. Release with free(). */
char *cw_user_agent(const struct cw_settings *settings);
/* Returns CW_E_INVALID if the value cannot be in a header. */
int cw_user_agent_check(const struct cw_settings *settings, struct cw_error *error);

#endif
