/* The command that a hint tells the user to run. */
#ifndef CW_FLOW_INSTALL_COMMAND_H
#define CW_FLOW_INSTALL_COMMAND_H

#include "flow/context.h"

/* "certwright install --cert-name NAME -i INSTALLER" with the directories and the options of
 * INSTALLER from this command line, quoted for the shell. Release with free(). */
char *cw_command_to_install(const struct cw_context *context, const char *name,
			    const char *installer);

#endif
