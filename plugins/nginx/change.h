/* Changes one server block. */
#ifndef NGINX_CHANGE_H
#define NGINX_CHANGE_H

#include "edit.h"
#include "model.h"

/* A directive to set in a server, with its value as in the configuration. */
struct wanted {
	const char *name;
	const char *value;
};

/*
 * Replaces an include in the server by its text if the included file has one of the COUNT
 * directives with another value and other servers use it too. So a change affects only this server.
 * Rebuilds the model: find the server again by its ORDER.
 */
int change_unshare(struct model *model, size_t order, const struct wanted *wanted, size_t count);
/* Sets the directive in the server: replaces its value, or adds it at the end. */
void change_set(struct model *model, struct edits *edits, const struct server *server,
		const struct wanted *wanted);
/* Replaces an include by the text of its files. */
void change_inline(struct edits *edits, const struct directive *include,
		   const struct file_list *list);

/* Servers, each once. */
struct choices {
	struct server **items;
	size_t count;
	enum name_match match;
	size_t length; /* of the name that matches */
};
/* The servers that nginx chooses for NAME by a name of theirs on PORT, for TLS or for plain
 * requests; of several addresses those with the best match. PORT 0: on any; TLS on a unix socket
 * counts then, too. */
void choices_find(const struct model *model, const char *name, unsigned port, bool tls,
		  struct choices *choices);
/* Adds SERVER unless it is there. */
void choices_add(struct choices *choices, struct server *server);
void choices_clear(struct choices *choices);

#endif
