/* A server block for a name that has none. */
#ifndef NGINX_COPY_H
#define NGINX_COPY_H

#include "plugin.h"
#include "redirect.h"

/*
 * Adds, after the server that answers for names nobody else has, a copy of it for NAME: without the
 * options that an address may have once. It must be marked as the default, or have no site's name;
 * else somebody at a terminal chooses one. With CHECK nothing is copied or asked, and a terminal
 * counts as a choice.
 * Rebuilds the model. CW_E_NOT_FOUND when there is no such server.
 */
int copy_default_server(struct nginx *nginx, const char *name, bool check);

/* What of a server its copy has. */
enum copy {
	COPY_TLS,    /* only the TLS listeners where nginx chooses the server for the name */
	COPY_CONTENT /* all but its redirects to https */
};
/*
 * Adds, after the server at the place ORDER of the model, a copy of it with the server names WORDS,
 * as the configuration says them, of which the request's is one. Rebuilds the model; the copy is at
 * ORDER + 1.
 */
int copy_server(struct nginx *nginx, size_t order, const char *words, const struct request *request,
		enum copy copy);

/* Whether the server is for no site in particular: "", "_", "localhost". */
bool copy_is_nobodys(const struct server *server);

#endif
