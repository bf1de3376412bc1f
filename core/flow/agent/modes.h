/* Owner, group and mode of the files of a certificate, as the agent's configuration says. */
#ifndef CW_FLOW_AGENT_MODES_H
#define CW_FLOW_AGENT_MODES_H

#include "base/error.h"
#include "flow/agent/config.h"

/* Sets them for the files that live/NAME leads to, if they are ours. The mode is that of the
 * private key. Users that are not root also need a way to the files: live/ and archive/ get the
 * permission to be passed through (x for others). */
int cw_agent_set_modes(const char *config_dir, const struct cw_managed *managed,
		       struct cw_error *error);

#endif
