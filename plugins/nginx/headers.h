/* Adds a header to every answer of a server. */
#ifndef NGINX_HEADERS_H
#define NGINX_HEADERS_H

#include "edit.h"
#include "plugin.h"

/*
 * Adds LINE, an add_header directive for FIELD, to the server and to its locations with their own
 * headers, which inherit none. Adds nothing where FIELD exists with VALUE in its value (NULL: any
 * value).
 */
void headers_add(struct nginx *nginx, struct edits *edits, const struct server *server,
		 const char *field, const char *value, const char *line);

#endif
