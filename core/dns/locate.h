/* Where DNS records really are, for several names at once, on the event loop: their aliases are
 * followed, then the zones are looked up (zone.h). */
#ifndef CW_DNS_LOCATE_H
#define CW_DNS_LOCATE_H

#include "base/error.h"
#include "base/loop.h"
#include "base/strv.h"

struct cw_dns_locating;

/* A name, and where it is. */
struct cw_dns_location {
	int status;   /* CW_OK, or why it was not found, as in zone.h */
	char *target; /* the name after the aliases; NULL: not found */
	char *zone;   /* that it is in; NULL: not known */
	char *reason; /* why it was not found; NULL: it was */
};

/* The end of a search, which is gone then: LOCATIONS, as many as names and in their order, valid
 * during the call. Called from the loop. */
typedef void (*cw_dns_located)(void *context, const struct cw_dns_location *locations,
			       size_t count);

/* Looks for NAMES (copied; in any case, with or without a trailing dot). RESOLVER: as in txt.h.
 * NULL when it cannot begin: CW_E_UNSUPPORTED, CW_E_INVALID. */
struct cw_dns_locating *cw_dns_locate(struct cw_loop *loop, const char *resolver,
				      const struct cw_strv *names, cw_dns_located located,
				      void *context, struct cw_error *error);
/* Ends it without calling back; NULL is allowed. */
void cw_dns_locate_cancel(struct cw_dns_locating *all);

#endif
