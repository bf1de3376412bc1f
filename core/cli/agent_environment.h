/* The variables of the environment that are options of the agent: CERTWRIGHT_EMAIL is --email, and
 * CERTWRIGHT_EMAIL_FILE names a file with its value. */
#ifndef CW_CLI_AGENT_ENVIRONMENT_H
#define CW_CLI_AGENT_ENVIRONMENT_H

#include "cli/agent_values.h"

/* Takes them out of the environment. */
void cw_agent_take_environment(void);
/* The value of such a variable, taken or not; NULL: it is not set. */
const char *cw_agent_variable(const char *name);
/* Adds those that were taken. CERTWRIGHT_DOMAINS and CERTWRIGHT_SERVER may have several, separated
 * by commas or blanks; CERTWRIGHT_NAME is --cert-name. CW_E_INVALID if a variable of that form is
 * no option, or two contradict each other. */
int cw_agent_environment(struct cw_lookup *lookup, struct cw_agent_values *values,
			 struct cw_error *error);
/* What the container of the AIoTES certificate manager took: AIOTES_HOSTNAME and
 * AIOTES_SYSADMIN_EMAIL. Adds nothing if they are not set. */
int cw_agent_aiotes(struct cw_lookup *lookup, struct cw_agent_values *values,
		    struct cw_error *error);

#endif
