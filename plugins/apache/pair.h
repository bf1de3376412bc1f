/* The certificates and keys of virtual hosts. */
#ifndef APACHE_PAIR_H
#define APACHE_PAIR_H

#include "plan.h"

enum { PAIRS_MAX = 8 };

/* The files of the certificates that are in effect in the host, however they are set, there or in
 * the main server. Returns how many. They live as long as the configuration. */
size_t pair_certificates(struct apache *apache, const struct host *host,
			 const char *paths[2 * PAIRS_MAX]);
/* Those that the wish's certificate would replace: of the same type of key, or all if they are of
 * one type. If it does not exist yet, its type is unknown, and these are all. */
size_t pair_replaced(struct apache *apache, const struct host *host, const struct wish *wish,
		     const char *paths[2 * PAIRS_MAX]);
/*
 * Has the host at ORDER, which has TLS, use the certificate in place of those that it replaces. If
 * another host shares the file with the present one, its text replaces the Include. Rebuilds the
 * model.
 */
int pair_set(struct apache *apache, size_t order, const struct wish *wish);
/* The directives for a new host. Release with free(). */
char *pair_lines(const struct apache *apache, const struct wish *wish, const char *options);

#endif
