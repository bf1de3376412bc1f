/* Variables and conditions of a server block, evaluated for a GET request. */
#ifndef NGINX_EVALUATE_H
#define NGINX_EVALUATE_H

#include "model.h"

/* The request to evaluate. */
struct request {
	const char *name; /* the requested name, in lower case */
	unsigned port;    /* where */
	bool tls;
};

struct evaluation {
	struct model *model;
	struct server *server;
	const struct request *request;
	struct arena *arena;
	struct map variables; /* of set directives: name -> value */
	unsigned depth;       /* of maps */
};

void evaluation_begin(struct evaluation *evaluation, struct model *model, struct server *server,
		      const struct request *request);
void evaluation_end(struct evaluation *evaluation);

/* TEXT with the known variables replaced, also those of maps; others stay "$NAME". Lives until
 * evaluation_end(). */
const char *evaluate(struct evaluation *evaluation, const char *text);
/* Whether the body of an "if" may apply to the request. */
bool evaluate_condition(struct evaluation *evaluation, const struct directive *directive);
/* Takes note of a "set" with its two parameters. */
void evaluate_set(struct evaluation *evaluation, const struct directive *directive);

#endif
