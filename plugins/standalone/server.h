/*
 * A small server on the core's event loop: it accepts connections, leaves what is said on them to a
 * protocol, and bounds how many there are and how long they last. It never blocks.
 */
#ifndef STANDALONE_SERVER_H
#define STANDALONE_SERVER_H

#include <certwright/plugin.h>

enum {
	CONNECTIONS_MAX = 256, /* beyond these the oldest is closed */
	LISTENERS_MAX = 4
};

struct server;

/* What is done on a connection, a non-blocking socket that the server closes. */
struct protocol {
	/* Makes a connection's state; NULL: it is closed at once. CONTEXT is server_new()'s. */
	void *(*begin)(void *context, int descriptor);
	/* Called when the socket is ready, for reading at first. Returns the poll(2) events to wait
	 * for next; 0: the connection is over. */
	short (*ready)(void *state);
	/* Releases the state. */
	void (*end)(void *state);
};

/* Makes a server without sockets; NULL when memory is out. */
struct server *server_new(const struct cw_host *host, const struct protocol *protocol,
			  void *context);
/* Takes over a listening socket, which it closes in the end. CW_OK or what watch() failed with. */
int server_add(struct server *server, int listener);
/* Closes the sockets, ends the connections, for which it gives them up to 3 seconds; NULL is
 * allowed. */
void server_free(struct server *server);

#endif
