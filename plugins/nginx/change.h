/* Changes of one server block. */
#ifndef NGINX_CHANGE_H
#define NGINX_CHANGE_H

#include "edit.h"
#include "model.h"

/* A directive that a server shall have with this value, as the configuration says it. */
struct wanted {
	const char *name;
	const char *value;
};

/*
 * Puts the text of an include in the server in its place where the included file has one of the
 * COUNT directives with another value and is used by others too: what is changed then is the
 * server's own. Rebuilds the model; SERVER is found again by its order.
 */
int change_unshare(struct model *model, size_t order, const struct wanted *wanted, size_t count);
/* Gives the server the directive, once: replaces its value, or adds it at the end. */
void change_set(struct model *model, struct edits *edits, const struct server *server,
		const struct wanted *wanted);
/* Puts the text of included files in place of an include. */
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
