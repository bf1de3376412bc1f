/* Copies of plain virtual hosts, with TLS. */
#ifndef APACHE_COPY_H
#define APACHE_COPY_H

#include "plugin.h"

/* How a virtual host is copied. */
struct copying {
	bool tls;          /* the original has TLS: what it has for that stays, and redirects do */
	const char *names; /* lines in place of those with names; NULL: these stay */
};
/* Adds what is between the lines of the host's section. */
void copy_body(struct text *out, const struct host *host, const struct copying *copying);
/* Whether HOST does nothing but redirect to https. */
bool copy_is_redirect(const struct host *host);
/* Says whether HOST can be copied for NAME: not if it does nothing but redirect to https. */
int copy_check(struct apache *apache, const struct host *host, const char *name);
/*
 * Adds a copy of the host at ORDER for NAME on the https port, in FILE-le-ssl.conf beside its file
 * or as
 * --apache-vhost-root says, with the directives LINES at its end. Redirects to https are comments
 * there. The file is enabled as the site is. A copy of a host that needs variables or macros of its
 * file goes behind the host itself. Rebuilds the model.
 */
int copy_host(struct apache *apache, size_t order, const char *name, const char *lines);

#endif
