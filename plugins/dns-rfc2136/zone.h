/* The zone that a record is to be written in, found by SOA (RFC 2136 section 4.3). */
#ifndef RFC2136_ZONE_H
#define RFC2136_ZONE_H

#include "server.h"

/*
 * Asks the server, which has to be authoritative, for the zone that NAME is in; with SIGN by
 * questions that are signed. CW_OK with *ZONE (without a trailing dot; release with free()), or
 * NULL where it serves none; else server_failure() says why.
 */
int zone_find(struct server *server, const char *name, int sign, char **zone);
/* The owner of the first SOA record in LIST that NAME is at or below; NULL: there is none. Release
 * with free(). */
char *zone_in(const ldns_rr_list *list, const char *name);

#endif
