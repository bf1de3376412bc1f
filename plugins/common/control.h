/* Runs the program that controls a server, to test its configuration or to start it. */
#ifndef COMMON_CONTROL_H
#define COMMON_CONTROL_H

#include <certwright/plugin.h>

/* The errors that matter follow all warnings. */
enum { CONTROL_OUTPUT_LIMIT = 8 * 1024 * 1024 /* bytes */ };

struct control {
	const struct cw_host *host;
	const char *ctl; /* the program, as the user gave it */
	const char *const *argv;
	const char *const *environment; /* as in struct cw_command */
	unsigned time_limit;            /* seconds */
	/* If the program fails, the message is FAILURE, a colon and what REASON makes of its error
	 * output, to be released with free(). */
	const char *failure, *hint;
	char *(*reason)(const char *error_output);
};

/* If the program fails (CW_E_COMMAND), *REFUSAL becomes its reason, to be released with free(). */
int control_run(const struct control *control, char **refusal);
/* Fails because the program could not be run: STATUS is not CW_E_COMMAND. */
int control_cannot_run(const struct cw_host *host, const char *ctl, int status);

#endif
