/*
 * Which server blocks get a certificate for a name, and how.
 *
 * It goes to the blocks with TLS that have the name: those that nginx chooses for it on the port
 * for https, or where there are none on any other; and all that have the name itself. Where none
 * has it, to those that have it for plain requests, which get TLS listeners; where none has it at
 * all, to a copy of the default server.
 */
#ifndef NGINX_PLAN_H
#define NGINX_PLAN_H

#include "change.h"
#include "plugin.h"

enum step {
	STEP_USE,    /* the block gets the certificate */
	STEP_OWN,    /* a copy of its TLS for the name: others keep their certificate */
	STEP_CONTENT /* a copy of a block that redirects to https, without that, for https */
};

struct plan {
	struct planned {
		struct server *server;
		enum step step;
	} * items;
	size_t count; /* 0: the default server is to be copied */
};

/* What is to be installed. */
struct wish {
	const char *name;         /* in lower case */
	const char *certificate;  /* the file of the certificate and its chain */
	const char *const *names; /* of the certificate */
	size_t name_count;
	bool check; /* only whether it can be done: asks nothing, changes nothing */
};

/* Makes the plan, or fails with what to do. */
int plan_make(struct nginx *nginx, const struct wish *wish, struct plan *plan);
void plan_clear(struct plan *plan);

/* The blocks with TLS that have NAME. */
void plan_find_tls(const struct nginx *nginx, const char *name, struct choices *choices);
/* The names of the certificate that a block of their own, made of SERVER, is for: those that SERVER
 * is chosen for, by TLS or for plain requests. As server_name says them; release with free(). */
char *plan_names(const struct nginx *nginx, const struct wish *wish, struct server *server,
		 bool tls);

#endif
