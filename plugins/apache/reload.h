/* Reloads Apache, and waits until it uses the new configuration. */
#ifndef APACHE_RELOAD_H
#define APACHE_RELOAD_H

#include "program.h"

/*
 * Has Apache reload its configuration, without losing a connection (SIGUSR1), or starts it if it
 * does not run. When it has read the configuration it writes its pid file again and starts new
 * children; the old ones then accept no more connections. If Apache ends meanwhile, it is started.
 */
int reload_apache(struct program *program);

#endif
