/* How a program of the user's ended, in words. */
#ifndef COMMON_OUTCOME_H
#define COMMON_OUTCOME_H

#include <certwright/plugin.h>

/*
 * CW_OK when the program did well, else tells the host "WHAT failed with exit status 1: the last
 * line of its stderr" and the like, and what to do about it. LIMIT is the time limit that it had,
 * in seconds.
 */
int outcome_judge(const struct cw_host *host, const struct cw_command_result *result,
		  unsigned limit, const char *what);
/* Whether it may have done something: it was started. */
int outcome_started(const struct cw_command_result *result);
/* Writes its output to the log; WHAT says whose it is. */
void outcome_log(const struct cw_host *host, const char *what,
		 const struct cw_command_result *result);

#endif
