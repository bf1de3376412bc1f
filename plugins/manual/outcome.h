/* How a program of the user's ended, in words. */
#ifndef MANUAL_OUTCOME_H
#define MANUAL_OUTCOME_H

#include <certwright/plugin.h>

/* Writes "failed with exit status 1: the last line of its stderr" and the like into TEXT, of SIZE
 * bytes; LIMIT is the time limit that it had, in seconds. */
void outcome_describe(const struct cw_command_result *result, unsigned limit, char *text,
		      size_t size);
/* What to do about it, or NULL. */
const char *outcome_hint(const struct cw_command_result *result);
/* Whether it may have done something: it was started. */
int outcome_started(const struct cw_command_result *result);
/* Writes its output to the log; WHAT says whose it is. */
void outcome_log(const struct cw_host *host, const char *what,
		 const struct cw_command_result *result);

#endif
