/* Makes the running nginx use its files. */
#ifndef NGINX_RELOAD_H
#define NGINX_RELOAD_H

#include "model.h"
#include "program.h"

/*
 * Has nginx load its configuration, and waits until the old workers accept no more connections.
 * Starts nginx if it is not running; *STARTED (may be NULL) says so. Sleeps for SLEEP_SECONDS only
 * on systems that do not show nginx's processes. If nginx cannot load the configuration, it keeps
 * its old one, and the error has nginx's words.
 */
int reload_nginx(struct program *program, const struct model *model, unsigned sleep_seconds,
		 bool *started);

#endif
