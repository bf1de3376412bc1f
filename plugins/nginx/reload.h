/* Making the running nginx use its files. */
#ifndef NGINX_RELOAD_H
#define NGINX_RELOAD_H

#include "model.h"
#include "program.h"

/*
 * Has nginx load its configuration and waits until new connections meet it: until the workers of
 * before accept none any more. Starts nginx when it does not run; *STARTED tells (NULL: not asked).
 * SLEEP_SECONDS is waited only where the system does not show nginx's processes. When nginx does
 * not take the configuration it goes on with its old one; the error has nginx's words.
 */
int reload_nginx(struct program *program, const struct model *model, unsigned sleep_seconds,
		 bool *started);

#endif
