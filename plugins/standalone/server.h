/*
 * A small HTTP/1.1 server for challenge responses (RFC 8555 section 8.3, RFC 9112), on the core's
 * event loop. It never blocks; what a client can make it keep is bounded.
 */
#ifndef STANDALONE_SERVER_H
#define STANDALONE_SERVER_H

#include <certwright/plugin.h>

enum {
	CONNECTIONS_MAX = 256, /* beyond these the oldest is closed */
	REQUEST_MAX = 8192,    /* bytes of request line and headers */
	LISTENERS_MAX = 4
};

struct server;

/* Makes a server without sockets; NULL when memory is out. */
struct server *server_new(const struct cw_host *host);
/* Takes over a listening socket, which it closes in the end. CW_OK or what watch() failed with. */
int server_add(struct server *server, int listener);
/* Ends the connections, closes the sockets; NULL is allowed. */
void server_free(struct server *server);

#endif
