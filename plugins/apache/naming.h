/* What a new virtual host with TLS is called and listens on, beside those that are there. */
#ifndef APACHE_NAMING_H
#define APACHE_NAMING_H

#include "plugin.h"

/*
 * The lines with the names of a TLS host made from the plain HOST for NAME. Left out are names and
 * patterns that other TLS hosts of its addresses serve: Apache might choose the new one for them.
 * NULL: none is left out. Release with free().
 */
char *naming_lines(const struct apache *apache, const struct host *host, const char *name);
/*
 * Adds its addresses, each with a blank in front. An address that no TLS host has becomes "*" if
 * there are TLS hosts for "*": these would get no connection of that address any more.
 */
void naming_addresses(const struct apache *apache, const struct host *host, struct text *out);
/* Whether all names of HOST are lines of its own in its file. */
bool naming_is_own(const struct host *host);

#endif
