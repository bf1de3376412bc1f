/* The listen directive in all its forms. */
#ifndef NGINX_LISTEN_H
#define NGINX_LISTEN_H

#include "syntax.h"

struct listen {
	struct directive *directive; /* NULL: nginx's default, for a server without any */
	/* "*", an IPv4 address, "[::]", another IPv6 address in brackets in its shortest form,
	 * "unix:PATH", or a host name in lower case. Lives as long as the tree. */
	const char *address;
	unsigned port, last_port; /* a range when they differ; 0: a unix socket */
	bool default_server, ssl, http2, quic, proxy_protocol;
	bool dual; /* ipv6only=off: for IPv4 too */
};

/* Reads DIRECTIVE. Returns false if its address is invalid. */
bool listen_parse(struct directive *directive, struct listen *listen);
/* What nginx listens on for a server without listen directives. */
struct listen listen_implicit(void);

bool listen_has_port(const struct listen *listen, unsigned port);
bool listen_is_unix(const struct listen *listen);
bool listen_is_ipv6(const struct listen *listen);
/* "ADDRESS:PORT", "[::]:PORT", or only the port for any IPv4 address, as in a listen directive.
 * Release with free(). */
char *listen_words(const char *address, unsigned port);
/* Whether WORD of a listen directive marks the default server, or is a socket option, which
 * nginx allows only once for an address. */
bool listen_is_unique_option(const char *word);

#endif
