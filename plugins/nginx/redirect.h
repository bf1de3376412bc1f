/*
 * Finds redirects to https in all forms: return, rewrite or error_page, in the server block, in
 * locations, in conditions, with variables and maps, after rewrites within the server. Conditions
 * and variables are evaluated for a GET request for one name, by TLS or plain. An unknown value
 * counts as leading to a redirect.
 */
#ifndef NGINX_REDIRECT_H
#define NGINX_REDIRECT_H

#include "edit.h"
#include "evaluate.h"

/* Directives that redirect, or that lead to a location which does nothing else. */
struct redirects {
	struct directive **items;
	size_t count;
};
/*
 * Finds the directives in BLOCK (SERVER's own, or a copy of it) that would send a request by TLS
 * back to itself: to https on a name of SERVER, with a path that leads to the same directive again.
 * Adds them to REDIRECTS, each once. Release with redirects_clear().
 */
void redirects_find(struct model *model, const struct directive *block, struct server *server,
		    const struct request *request, struct redirects *redirects);
void redirects_clear(struct redirects *redirects);
bool redirects_have(const struct redirects *redirects, const struct directive *directive);

/* Whether the server sends plain requests of all kinds to https by itself. */
bool redirect_is_there(struct model *model, struct server *server, const struct request *request);

enum content {
	CONTENT_NONE,   /* every request is rejected */
	CONTENT_UNSAID, /* the block does not say what it serves */
	CONTENT_OWN     /* a folder, a program, a text */
};
/* What SERVER serves apart from ACME challenges and its redirects if NAME is requested by TLS on
 * PORT; *ANY: whether it has such redirects. */
enum content redirects_content(struct model *model, struct server *server, const char *name,
			       unsigned port, bool *any);
/* Removes REDIRECTS from BLOCK, and with them blocks that become empty and a rejection of all
 * other requests. */
void redirects_remove(struct edits *edits, const struct directive *block,
		      const struct redirects *redirects);

#endif
