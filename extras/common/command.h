/* Runs programs of a server, such as its test of its configuration. */
#ifndef EXTRAS_COMMAND_H
#define EXTRAS_COMMAND_H

#include <certwright/plugin.h>

/*
 * Runs a program, or a command line of the shell, and waits until it ends: 120 seconds at most.
 * CW_OK if its exit status is 0. Otherwise fails through the host; what it wrote becomes part of
 * the message, and HINT (NULL: none) says what to do.
 */
int command_run(const struct cw_host *host, const char *const *argv, const char *hint);
/* As command_run(); *OUTPUT is what it wrote to stdout, to be released with cw_host_release(). */
int command_read(const struct cw_host *host, const char *const *argv, const char *hint,
		 char **output);
int command_shell(const struct cw_host *host, const char *line, const char *hint);

#endif
