/* Makes a server block for a name that has none. */
#ifndef NGINX_COPY_H
#define NGINX_COPY_H

#include "naming.h"

/*
 * Adds a copy of the default server for NAME after it, without the options that an address may have
 * only once. The default server must be marked or be for no particular site; otherwise the user
 * chooses a server at a terminal. With CHECK nothing is copied or asked, and a terminal is enough.
 * Rebuilds the model. CW_E_NOT_FOUND if there is no such server.
 */
int copy_default_server(struct nginx *nginx, const char *name, bool check);

/* What a copy of a server contains. */
enum copy {
	COPY_TLS,    /* only the TLS listeners where nginx chooses the server for the name */
	COPY_CONTENT /* all but its redirects to https, for any of the copy's names */
};
/* Adds a copy after the server at ORDER. Rebuilds the model; the copy is at ORDER + 1. */
int copy_server(struct nginx *nginx, size_t order, const struct naming *naming, enum copy copy);

/* Whether the server is for no particular site: "", "_", "localhost". */
bool copy_is_nobodys(const struct server *server);

#endif
