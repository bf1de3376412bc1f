/* Whether a port can be listened on. */
#ifndef APACHE_PORT_H
#define APACHE_PORT_H

#include "model.h"

/*
 * Adds "Listen" lines to LINES if Apache does not listen on PORT: for the addresses on which it
 * listens on the port LIKE, or else for all. TLS: for https. Fails if another program does:
 * Apache's own test does not see that, and Apache ends when it cannot have the port.
 */
int port_listen(const struct model *model, unsigned port, unsigned like, bool tls,
		struct text *lines);

#endif
