/* The command that a hint tells the user to run. */
#ifndef CW_FLOW_INSTALL_COMMAND_H
#define CW_FLOW_INSTALL_COMMAND_H

#include "flow/context.h"

/* "certwright install --cert-name NAME -i INSTALLER", with the directories and the options of
 * INSTALLER that this run was given on its command line, as a shell reads them. Release with
 * free(). */
char *cw_command_to_install(const struct cw_context *context, const char *name,
			    const char *installer);

#endif
