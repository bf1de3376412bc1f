/* Says in words how a program of the user's ended. */
#ifndef COMMON_OUTCOME_H
#define COMMON_OUTCOME_H

#include <certwright/plugin.h>
#include <stdbool.h>

struct outcome_program {
	const char *what;         /* as it is called in messages */
	unsigned limit;           /* its time limit in seconds */
	const char *limit_option; /* what the limit is given with */
	bool is_part;             /* it cannot be run by itself */
};

/*
 * Returns CW_OK if the program succeeded; else fails through the host with "WHAT failed with exit
 * status 1: the last line of its stderr" or the like, and a hint.
 */
int outcome_judge(const struct cw_host *host, const struct cw_command_result *result,
		  const struct outcome_program *program);
/* Whether the program was started, and so may have done something. */
int outcome_started(const struct cw_command_result *result);
/* Writes the output of the program WHAT to the log. */
void outcome_log(const struct cw_host *host, const char *what,
		 const struct cw_command_result *result);

#endif
