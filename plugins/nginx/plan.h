/*
 * Decides which server blocks get a certificate for a name, and how.
 *
 * It goes to the blocks with TLS that have the name: those that nginx chooses for it on the https
 * port of any address or, if there are none, on any other port; and all that have the exact name.
 * If there are none, it goes to the blocks that have the name for plain requests, which get TLS
 * listeners. If no block has the name, it goes to a copy of the default server.
 */
#ifndef NGINX_PLAN_H
#define NGINX_PLAN_H

#include "change.h"
#include "plugin.h"

enum step {
	STEP_USE,    /* the block gets the certificate */
	STEP_OWN,    /* a copy with its TLS for the name; other names keep their certificate */
	STEP_CONTENT /* for https, a copy of a block without its redirects to https: the block
		      * itself has such redirects, or names that another block serves by https */
};

struct plan {
	struct planned {
		struct server *server;
		enum step step;
	} * items;
	size_t count; /* 0: copy the default server */
};

/* What to install. */
struct wish {
	const char *name;         /* in lower case */
	const char *certificate;  /* the file of the certificate and its chain */
	const char *const *names; /* of the certificate */
	size_t name_count;
	bool check; /* only check whether it is possible: ask and change nothing */
};

/* Makes the plan, or fails with a hint. */
int plan_make(struct nginx *nginx, const struct wish *wish, struct plan *plan);
void plan_clear(struct plan *plan);

/* The blocks with TLS that have NAME. */
void plan_find_tls(const struct nginx *nginx, const char *name, struct choices *choices);

#endif
