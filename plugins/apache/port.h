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
/*
 * Adds a "Listen" line for https at one address of this machine if Apache does not listen there on
 * PORT. If another program does, this fails if the address is needed.
 */
int port_listen_at(const struct model *model, const char *address, unsigned port, bool needed,
		   struct text *lines);
/* Whether no other program listens on PORT. */
bool port_is_free(unsigned port);

#endif
