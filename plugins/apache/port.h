/* Whether a port can be listened on. */
#ifndef APACHE_PORT_H
#define APACHE_PORT_H

#include "model.h"

/*
 * Adds a "Listen" line to LINES if Apache does not listen on PORT. Fails if another program does:
 * Apache's own test does not see that, and Apache ends when it cannot have the port.
 */
int port_listen(const struct model *model, unsigned port, struct text *lines);

#endif
