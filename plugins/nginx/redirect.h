/*
 * Redirects to https, however they are written: return, rewrite or error_page, in the server block,
 * in locations, below conditions, with variables. Conditions and variables are worked out for a GET
 * request for one name, by TLS or plain; what cannot be known is taken as if it led to a redirect.
 */
#ifndef NGINX_REDIRECT_H
#define NGINX_REDIRECT_H

#include "edit.h"
#include "model.h"

/* The request that is worked out. */
struct request {
	const char *name; /* that is asked for, in lower case */
	unsigned port;    /* where */
	bool tls;
};

/* Directives, and the server that they are of. */
struct redirects {
	struct directive **items;
	size_t count;
};
/*
 * Finds the directives in BLOCK (SERVER's own, or a copy of it) that would send a request by TLS
 * back to where it came from: to https of a name that SERVER answers to, with a path that leads to
 * the same directive again. Release with redirects_clear().
 */
void redirects_find(struct model *model, const struct directive *block, struct server *server,
		    const struct request *request, struct redirects *redirects);
void redirects_clear(struct redirects *redirects);

/* Whether the server sends plain requests of all kinds to https by itself. */
bool redirect_is_there(struct model *model, struct server *server, const struct request *request);

enum content {
	CONTENT_NONE,   /* every request is refused */
	CONTENT_UNSAID, /* nothing of the block's own says what is served */
	CONTENT_OWN     /* a folder, a program, a text */
};
/* What a server block serves but for REDIRECTS, and challenges of ACME. */
enum content redirects_rest(struct model *model, const struct directive *block,
			    const struct redirects *redirects);
/* Takes REDIRECTS out of BLOCK, with the blocks that are empty then, and with the refusal that
 * stands for all requests that they leave. */
void redirects_remove(struct edits *edits, const struct directive *block,
		      const struct redirects *redirects);

#endif
