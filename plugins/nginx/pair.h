/* The certificates with their keys that a server has: its own, or those of the http block. */
#ifndef NGINX_PAIR_H
#define NGINX_PAIR_H

#include "certificate.h"
#include "edit.h"
#include "model.h"

struct pair {
	struct directive *certificate, *key;
	bool readable;
	struct certificate read; /* when it is readable */
};

struct pairs {
	struct pair *items;
	size_t count;
	bool inherited; /* from the http block */
};

void pairs_find(struct model *model, const struct server *server, struct pairs *pairs);
void pairs_clear(struct pairs *pairs);
/* Whether one is the certificate in the file PATH, by its name. */
bool pairs_have(const struct pairs *pairs, const char *path);
/*
 * Gives the server at the place ORDER of the model the certificate and key: in place of the one
 * with the same type of key, or of the only one. Others stay. What is in a file that others use is
 * made the server's own; the model may be rebuilt.
 */
int pairs_set(struct model *model, size_t order, const char *certificate, const char *key);

#endif
