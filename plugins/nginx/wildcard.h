/* The servers that a wildcard name stands for. */
#ifndef NGINX_WILDCARD_H
#define NGINX_WILDCARD_H

#include "change.h"
#include "plugin.h"

enum wildcard_use {
	WILDCARD_CERTIFICATE, /* those with TLS; when there are none, all */
	WILDCARD_PLAIN,       /* those that take plain requests on the port for http */
	WILDCARD_TLS          /* those with TLS */
};

/* All servers of names that NAME, "*.x", stands for. Somebody at a terminal is asked about each
 * once; CW_E_CANCELLED when none of those asked about is wanted. */
int wildcard_servers(struct nginx *nginx, const char *name, enum wildcard_use use,
		     struct choices *choices);

#endif
