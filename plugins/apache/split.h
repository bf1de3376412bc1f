/*
 * Gives a name that a TLS host serves by a pattern, or because no host has it, a host of its own,
 * so that the others keep their certificate. It is a copy with all that the original has, and
 * stands in front of it, as Apache takes the first host that has the name.
 *
 * If the original is the first of an address, it stays that, for clients that ask for no name that
 * any host has: the copy is behind it, and behind that another one with the patterns, which the
 * original loses.
 */
#ifndef APACHE_SPLIT_H
#define APACHE_SPLIT_H

#include "plan.h"

/* Whether HOST, with TLS, is to keep its certificate, and the wish's name to get its own host. */
bool split_is_needed(struct apache *apache, const struct wish *wish, const struct host *host);
/* Splits the name off the host at ORDER. Rebuilds the model. */
int split_host(struct apache *apache, size_t order, const char *name);

#endif
