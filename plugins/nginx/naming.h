/* What a copy of a server block is called, and what depends on the names of a block. */
#ifndef NGINX_NAMING_H
#define NGINX_NAMING_H

#include "plan.h"

struct naming {
	const char **names; /* that the copy is for: the wish's, and others of the certificate */
	size_t count;
	/*
	 * For server_name. The first name stays the original's if the configuration uses it
	 * ($server_name), even if nginx goes on choosing the original for it.
	 */
	char *words;
	/* An "if" that sets the variables of the regular expression by which nginx chooses the
	 * original, as the copy has exact names. NULL: they are not chosen by one with groups. */
	char *captures;
};

/*
 * Names a copy of SERVER: those names of the certificate for which nginx chooses SERVER, by TLS or
 * for plain requests. Fails if the copy would need a name that another server has. Release with
 * naming_clear(), also after a failure.
 */
int naming_find(struct nginx *nginx, const struct wish *wish, struct server *server, bool tls,
		struct naming *naming);
void naming_clear(struct naming *naming);

/* Whether SERVER has NAME, and not only by a wildcard or an expression. */
bool naming_has(const struct server *server, const char *name);
/* Whether TLS for SERVER would take a name of it, other than HOST, from the server that serves
 * it. */
bool naming_would_take(struct nginx *nginx, const struct server *server, const char *host);

#endif
