/* A server's certificates with their keys: its own, or those of the http block. */
#ifndef NGINX_PAIR_H
#define NGINX_PAIR_H

#include "../common/certificate.h"
#include "edit.h"
#include "model.h"

struct pair {
	struct directive *certificate, *key;
	bool readable;
	struct certificate read; /* if it is readable */
};

struct pairs {
	struct pair *items;
	size_t count;
	bool inherited; /* from the http block */
};

void pairs_find(struct model *model, const struct server *server, struct pairs *pairs);
void pairs_clear(struct pairs *pairs);
/* Whether a certificate of SERVER, other than a self-signed one, is for NAME. */
bool pairs_cover(struct model *model, const struct server *server, const char *name);
/* Whether one of them is the file PATH, by its name. */
bool pairs_have(const struct pairs *pairs, const char *path);
/*
 * Sets the certificate and key of the server at ORDER. They replace the pair with the same key
 * type, or the only pair; others stay. A file that other servers use is not changed: its text is
 * copied into this server. May rebuild the model.
 */
int pairs_set(struct model *model, size_t order, const char *certificate, const char *key);

#endif
