/* What /proc says of the processes of a server. */
#ifndef COMMON_PROC_H
#define COMMON_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pids {
	pid_t *items;
	size_t count;
};

/* Reads the beginning of /proc/PID/NAME as a string; false if it cannot be read. */
bool proc_read(pid_t pid, const char *name, char *data, size_t size);
/* Whether the process runs: it has not ended, not even as a zombie. */
bool proc_runs(pid_t pid);
/* Whether the process waits for something other than a processor or a disk. True if the kernel does
 * not say. */
bool proc_sleeps(pid_t pid);
/* The processor time that it used, in clock ticks. */
unsigned long long proc_ticks(pid_t pid);
/* The pid in the file PATH; 0: there is none. */
pid_t proc_pid_file(const char *path);
/* The processes that PID started and that run. */
void proc_children(pid_t pid, struct pids *children);
/* Adds PID unless it is there. */
void pids_add(struct pids *pids, pid_t pid);
bool pids_have(const struct pids *pids, pid_t pid);
void pids_clear(struct pids *pids);

/* The TCP sockets on which a process listens. */
struct sockets {
	unsigned long *items; /* their inodes */
	unsigned *ports;
	size_t count;
};
void proc_listening(pid_t pid, struct sockets *sockets);
/* Whether the process has one of these sockets open. */
bool proc_has_socket(pid_t pid, const struct sockets *sockets);
void sockets_clear(struct sockets *sockets);

#endif
