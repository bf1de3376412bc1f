/* Finds the process that listens on a port. Private to plugin/. */
#ifndef CW_PLUGIN_PORT_HOLDER_INTERNAL_H
#define CW_PLUGIN_PORT_HOLDER_INTERNAL_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

struct cw_port_holder {
	pid_t process;    /* 0: unknown */
	char program[64]; /* its name, as ps shows it */
	bool ours;        /* all processes that have the port run this program's executable */
};

/*
 * Finds the processes that listen on the port of ADDRESS (IPv4 or IPv6), first those on an
 * overlapping address. Reads /proc/net/tcp, /proc/net/tcp6 and /proc/<pid>/fd. HOLDER is zeroed if
 * no process can be seen: the system is not Linux, or the process belongs to another user or
 * container.
 */
void cw_port_holder_find(const struct sockaddr_storage *address, struct cw_port_holder *holder);

#endif
