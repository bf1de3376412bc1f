/* How a plugin waits until a server has reloaded. */
#ifndef COMMON_WAITING_H
#define COMMON_WAITING_H

#include <certwright/plugin.h>
#include <sys/types.h>

/* A clock that only goes forward. */
long long milliseconds_now(void);
/* Sleeps for *MILLISECONDS, which becomes longer from call to call; begin with 0. Tells the host
 * that the plugin is at work. */
void nap(const struct cw_host *host, unsigned *milliseconds);
/* Fails because a signal could not be sent to SERVER's process: errno says why. */
int cannot_signal(const struct cw_host *host, const char *server, pid_t pid);
/* Fails because SERVER was started, but has not written its pid file in time. */
int no_pid_file(const struct cw_host *host, const char *server, const char *path);

#endif
