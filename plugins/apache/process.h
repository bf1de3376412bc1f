/* Apache's parent process. */
#ifndef APACHE_PROCESS_H
#define APACHE_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>
#include "../common/proc.h"

/* The running Apache whose pid is in the file PATH, which survives a crash; 0: there is none. */
pid_t process_parent(const char *path);
/* Whether the parent waits for its children, and does not read its configuration. True if the
 * kernel does not say. */
bool process_is_idle(pid_t parent);
/* Whether one of the sockets is on PORT. */
bool process_listens_on(const struct sockets *sockets, unsigned port);

#endif
