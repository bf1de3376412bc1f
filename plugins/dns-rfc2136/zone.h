/* Finds the zone of a record by its SOA record (RFC 2136 section 4.3). */
#ifndef RFC2136_ZONE_H
#define RFC2136_ZONE_H

#include "server.h"

/*
 * Asks the server, which must be authoritative, for the zone of NAME; if SIGN, with signed
 * questions. Returns CW_OK with *ZONE (without a trailing dot; release with free()), NULL if the
 * server has no such zone; else server_failure() says why.
 */
int zone_find(struct server *server, const char *name, int sign, char **zone);
/* The owner of the first SOA record in LIST that NAME is at or below; or NULL. Release with
 * free(). */
char *zone_in(const ldns_rr_list *list, const char *name);

#endif
