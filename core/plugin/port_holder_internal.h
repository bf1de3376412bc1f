/* Which process listens on a port; private to plugin/. */
#ifndef CW_PLUGIN_PORT_HOLDER_INTERNAL_H
#define CW_PLUGIN_PORT_HOLDER_INTERNAL_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

struct cw_port_holder {
	pid_t process;    /* 0: not known */
	char program[64]; /* its name, as ps shows it */
	bool ours;        /* all that hold the port run this program's executable */
};

/*
 * Looks for the processes that listen on the port of ADDRESS (an IPv4 or IPv6 one), those on an
 * overlapping address first, in /proc/net/tcp, /proc/net/tcp6 and /proc/<pid>/fd. HOLDER is zeroed
 * when none can be seen: no Linux, another user's or container's.
 */
void cw_port_holder_find(const struct sockaddr_storage *address, struct cw_port_holder *holder);

#endif
