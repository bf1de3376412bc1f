/* The certificates and keys of virtual hosts. */
#ifndef APACHE_PAIR_H
#define APACHE_PAIR_H

#include "plan.h"

/*
 * Has the host at ORDER, which has TLS, use the certificate. If it has several, that with the same
 * type of key is replaced. If another host shares the file with the present one, its text replaces
 * the Include. Rebuilds the model.
 */
int pair_set(struct apache *apache, size_t order, const struct wish *wish);
/* The directives for a new host. Release with free(). */
char *pair_lines(const struct apache *apache, const struct wish *wish, const char *options);

#endif
