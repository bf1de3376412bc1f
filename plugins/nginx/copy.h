/* A server block for a name that has none. */
#ifndef NGINX_COPY_H
#define NGINX_COPY_H

#include "plugin.h"

/*
 * Adds, after the server that answers for names nobody else has, a copy of it for NAME: without the
 * options that an address may have once. It must be marked as the default, or have no site's name;
 * else somebody at a terminal chooses one.
 * Rebuilds the model. CW_E_NOT_FOUND when there is no such server.
 */
int copy_default_server(struct nginx *nginx, const char *name);

#endif
