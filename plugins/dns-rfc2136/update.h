/* Finding the zone of a record, and adding and removing TXT records (RFC 2136). */
#ifndef RFC2136_UPDATE_H
#define RFC2136_UPDATE_H

#include "server.h"

/* A TXT record that is added or removed. */
struct change {
	const char *name; /* without a trailing dot */
	const char *value;
	char *zone; /* of the record; NULL: not looked up, or not found */
	int status; /* CW_OK, or: */
	struct failure failure;
};

/* Finds the zones of all changes, then makes the changes, with one message for each zone. ADD 1
 * adds records with a TTL of 120 s; 0 removes only those records. Fills each status. */
void update_all(const struct cw_host *host, const struct credentials *credentials, int udp, int add,
		struct change *changes, size_t count);
void change_clear(struct change *change);

#endif
