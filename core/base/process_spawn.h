/* Starting a program for process.c, and this one again for role.c: descriptors, group, signals,
 * environment, exec. */
#ifndef CW_BASE_PROCESS_SPAWN_H
#define CW_BASE_PROCESS_SPAWN_H

#include <sys/types.h>
#include "error.h"
#include "process.h"

/* Our ends of its pipes: close-on-exec, non-blocking, owned by the caller; -1: there is none. */
struct cw_spawned {
	pid_t pid;
	int input;
	int output;
	int error_output;
};

/*
 * Starts PROCESS (its in part). When this returns CW_OK, exec has succeeded and the program leads a
 * session and process group of its own, whose number is its pid; with inherit_terminal it is in
 * ours. Else nothing is left of it: CW_E_NOT_FOUND or CW_E_PERMISSION when the program or the
 * folder is not there or not allowed, another status when the system refused.
 */
int cw_spawn(const struct cw_process *process, struct cw_spawned *spawned, struct cw_error *error);
/*
 * Starts the file PATH with ARGV as a process of the run (role.h): SOCKET (borrowed) becomes its
 * descriptor 3, both its outputs one pipe, spawned->output; it gets SIGTERM when we die. For the
 * rest as above.
 */
int cw_spawn_role(const char *path, const char *const *argv, int socket, struct cw_spawned *spawned,
		  struct cw_error *error);
/* A descriptor that can be read once the process PID has exited, close-on-exec, the caller's; -1
 * where the system has none. */
int cw_exit_descriptor(pid_t pid);
/* Closes all descriptors from FIRST on. */
void cw_close_from(int first);

#endif
