/* The parts of the library. Nothing here is exported. */
#ifndef CW_LIBRARY_INTERNAL_H
#define CW_LIBRARY_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* failure.c */

/* Why there is no answer of the program: the members of an error object (certwright-json(7)). */
struct cw_failure {
	const char *status; /* NULL: all is well */
	char message[512];
	const char *hint; /* NULL: none */
};
/* Sets FAILURE and returns -1. */
int cw_failure_set(struct cw_failure *failure, const char *status, const char *hint,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The answer that tells FAILURE, for cw_free(); NULL: out of memory. */
char *cw_failure_answer(const struct cw_failure *failure);

/* spawn.c */

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
