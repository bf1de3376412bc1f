/*
 * The processes of a run. Each is this program again, started by exec with "--process ROLE": so it
 * inherits no memory, and no descriptor but these:
 *
 *     0     /dev/null
 *     1, 2  one pipe to the process that started it; what is printed there goes to the log
 *     3     a socket to the process that started it (base/peer.h)
 *
 * It leads a session and a process group of its own, and gets SIGTERM when the process that started
 * it dies. When it ends by itself or is stopped, the rest of its session ends too: what it left in
 * its group, and the programs that it runs (in_session in process.h). When its work is over and it
 * is only freed, its group alone ends: a program that it ran may have left a server on purpose.
 */
#ifndef CW_BASE_ROLE_H
#define CW_BASE_ROLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/error.h"
#include "base/loop.h"

/* In main(). */

struct cw_role {
	const char *name;        /* NULL ends a table */
	int (*main)(int socket); /* returns the exit status; the socket is its own */
};

/* Remembers argv[0], by which the program is found where the system does not tell its file. A
 * process that never calls this (one that embeds certwright) starts the installed program. */
void cw_set_program(const char *argv0);
/* The file of this program; release with free(). On Linux it leads to this very program even when
 * an upgrade has replaced the file meanwhile. */
char *cw_own_program(void);
/*
 * Whether the arguments are "--process ROLE". Then the role's main was called and *STATUS is the
 * exit status; 2, with a sentence on stderr, when it was not certwright that started it or ROLES
 * (ended by a NULL name) has no such role. Ahead of the role's main: cw_keep_memory_private(), and
 * SIGPIPE is ignored.
 */
bool cw_role_dispatch(int argc, char **argv, const struct cw_role *roles, int *status);

struct cw_peer;
/*
 * Serves PEER, whose handler sets *OVER, on LOOP until then. Log lines go to the process that
 * started this one, in messages of LOG_TYPE: level and text. It says when it is enough by going
 * away, so signals are its business.
 */
void cw_role_serve(struct cw_loop *loop, struct cw_peer *peer, unsigned log_type, const bool *over);

/* In the process that starts them. */

struct cw_role_process;

struct cw_role_start {
	const char *role;
	const char *what; /* "the network process": in errors and log lines; copied */
	/* Called once, from the loop, when the process has ended, what it printed is in the log and
	 * the rest of its session was ended. The process may be freed here. */
	void (*ended)(void *context);
	void *context;
};

/* Starts one. When this returns CW_OK exec has succeeded; *PROCESS is for cw_role_free(). */
int cw_role_start(struct cw_loop *loop, const struct cw_role_start *start,
		  struct cw_role_process **process, struct cw_error *error);
/* From now on "ended" is called from LOOP. */
void cw_role_move(struct cw_role_process *process, struct cw_loop *loop);
/* Our end of its socket, for cw_peer_new(): close-on-exec, the caller's from then on. Once. */
int cw_role_take_socket(struct cw_role_process *process);
pid_t cw_role_pid(const struct cw_role_process *process);
bool cw_role_has_ended(const struct cw_role_process *process);
/* Sends SIGTERM to its session now, and SIGKILL after DELAY milliseconds (0: SIGKILL now). A second
 * call shortens the delay. "ended" is called as for any other end. */
void cw_role_stop(struct cw_role_process *process, int64_t delay);
/* After "ended": fills ERROR with "the network process was ended by signal 9 (Killed)", "... exited
 * with status 3" or the like; returns its status, CW_E_IO. */
int cw_role_fate(const struct cw_role_process *process, struct cw_error *error);
/* Kills its group, waits for its end, and forgets it; NULL is allowed. "ended" is not called. */
void cw_role_free(struct cw_role_process *process);

#endif
