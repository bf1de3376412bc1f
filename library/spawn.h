/* How the library starts its program. Not exported. */
#ifndef CW_LIBRARY_SPAWN_H
#define CW_LIBRARY_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>
#include "library/failure.h"

struct cw_client_options;
/*
 * Starts the program with one end of a socket pair as CW_SERVE_FD, and /dev/null as its standard
 * input and outputs. It gets default signals, a session of its own, and PATH its path (4096 bytes).
 * *SOCKET is the other end, close-on-exec.
 */
int cw_program_start(const struct cw_client_options *options, char *path, int *socket, pid_t *child,
		     struct cw_failure *failure);
/* Waits for the child, which ends as soon as the program has left it. KILL: it is killed first. */
void cw_program_left(pid_t child, bool kill_it);

#endif
