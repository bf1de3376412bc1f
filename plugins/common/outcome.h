/* Says in words how a program of the user's ended. */
#ifndef COMMON_OUTCOME_H
#define COMMON_OUTCOME_H

#include <certwright/plugin.h>

/*
 * Returns CW_OK if the program succeeded; else fails through the host with "WHAT failed with exit
 * status 1: the last line of its stderr" or the like, and a hint. LIMIT was its time limit in
 * seconds.
 */
int outcome_judge(const struct cw_host *host, const struct cw_command_result *result,
		  unsigned limit, const char *what);
/* Whether the program was started, and so may have done something. */
int outcome_started(const struct cw_command_result *result);
/* Writes the output of the program WHAT to the log. */
void outcome_log(const struct cw_host *host, const char *what,
		 const struct cw_command_result *result);

#endif
