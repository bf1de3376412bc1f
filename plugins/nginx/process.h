/* nginx's running processes, from /proc. */
#ifndef NGINX_PROCESS_H
#define NGINX_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The worker processes of a master. */
struct workers {
	struct worker {
		pid_t pid;
		bool ending; /* takes no new connections */
	} * items;
	size_t count;
};

/* The master whose pid is in the file at PATH; 0: it does not run. */
pid_t process_master(const char *path);
/*
 * The master that runs with the file CONFIGURATION, by its title; 0: there is none, or processes
 * cannot be looked at. One without options has the file BUILT, and relative paths count from
 * PREFIX.
 */
pid_t process_find(const char *configuration, const char *built, const char *prefix);
/* Whether processes can be looked at here, and MASTER is one that has workers. */
bool process_visible(pid_t master);
void process_workers(pid_t master, struct workers *workers);
void workers_clear(struct workers *workers);
bool workers_have(const struct workers *workers, pid_t pid);
/* Whether the master waits for signals, rather than being at work on one: it lets SIGHUP in only
 * then. True where that cannot be seen. */
bool process_is_idle(pid_t master);
/* Processor time that it used, in clock ticks. */
unsigned long long process_ticks(pid_t pid);

#endif
