/* The user's program: whether it may be run, and one call of it. */
#ifndef EXTERNAL_PROGRAM_H
#define EXTERNAL_PROGRAM_H

#include <certwright/plugin.h>

/* CW_OK, or fails through the host: the program is missing, other users can change it, or the time
 * limit makes no sense. */
int program_check(const struct cw_host *host);
/*
 * Runs the program with REQUEST, which says VERB, on its stdin; takes over REQUEST (NULL: out of
 * memory). CW_OK if it succeeded: *ANSWER is the JSON object of its stdout, to be released with
 * cw_host_release(). Else the host is told why.
 */
int program_call(const struct cw_host *host, const char *verb, char *request, char **answer);

#endif
