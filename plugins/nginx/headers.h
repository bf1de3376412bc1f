/* A header that a server shall send with every answer. */
#ifndef NGINX_HEADERS_H
#define NGINX_HEADERS_H

#include "edit.h"
#include "plugin.h"

/*
 * Adds LINE, an add_header directive for FIELD, to the server, and to those of its locations that
 * have headers of their own, for these get none from it. Where FIELD is there already, with VALUE
 * as part of what it says (NULL: whatever it says), nothing is added.
 */
void headers_add(struct nginx *nginx, struct edits *edits, const struct server *server,
		 const char *field, const char *value, const char *line);

#endif
