/*
 * A small server on the core's event loop: it accepts connections for a protocol, and limits their
 * number and age. It never blocks.
 */
#ifndef STANDALONE_SERVER_H
#define STANDALONE_SERVER_H

#include <certwright/plugin.h>

enum {
	CONNECTIONS_MAX = 256, /* a new one beyond these closes the oldest */
	LISTENERS_MAX = 4
};

struct server;

/* What happens on a connection. The socket is non-blocking; the server closes it. */
struct protocol {
	/* Makes a connection's state; NULL closes the connection. CONTEXT is server_new()'s. */
	void *(*begin)(void *context, int descriptor);
	/* Called when the socket is ready, at first for reading. Returns the poll(2) events to
	 * wait for next, or 0 to end the connection. */
	short (*ready)(void *state);
	/* Releases the state. */
	void (*end)(void *state);
};

/* Makes a server without sockets; NULL if out of memory. */
struct server *server_new(const struct cw_host *host, const struct protocol *protocol,
			  void *context);
/* Takes over a listening socket and closes it at the end. CW_OK, or the status of watch(). */
int server_add(struct server *server, int listener);
/* Closes the sockets and ends the connections, within 3 seconds. NULL is allowed. */
void server_free(struct server *server);

#endif
