/* Finds nginx's running processes in /proc. */
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

/* The master whose pid is in the file PATH; 0: not running. */
pid_t process_master(const char *path);
/*
 * The master with the file CONFIGURATION, by its title; 0: there is none, or processes are not
 * visible. A master without options has the file BUILT. Paths are relative to PREFIX.
 */
pid_t process_find(const char *configuration, const char *built, const char *prefix);
/* Whether processes are visible here and MASTER has workers. */
bool process_visible(pid_t master);
void process_workers(pid_t master, struct workers *workers);
void workers_clear(struct workers *workers);
bool workers_have(const struct workers *workers, pid_t pid);
/* Whether the master waits for signals and is not handling one: only then does it not block
 * SIGHUP. True if unknown. */
bool process_is_idle(pid_t master);

#endif
