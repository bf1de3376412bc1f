/* The servers that a wildcard name stands for. */
#ifndef NGINX_WILDCARD_H
#define NGINX_WILDCARD_H

#include "change.h"
#include "plugin.h"

enum wildcard_use {
	WILDCARD_CERTIFICATE, /* those with TLS; if there are none, all */
	WILDCARD_PLAIN,       /* those that take plain requests on the http port */
	WILDCARD_TLS          /* those with TLS */
};

/* All servers of names that NAME, "*.x", stands for. At a terminal the user is asked once about
 * each; CW_E_CANCELLED if the user wants none. */
int wildcard_servers(struct nginx *nginx, const char *name, enum wildcard_use use,
		     struct choices *choices);

#endif
