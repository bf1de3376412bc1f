/* Finds where DNS records really are, for several names at once, on the event loop. Follows the
 * aliases of each name and then finds its zone (zone.h). */
#ifndef CW_DNS_LOCATE_H
#define CW_DNS_LOCATE_H

#include "base/error.h"
#include "base/loop.h"
#include "base/strv.h"

struct cw_dns_locating;

/* Where one name is. */
struct cw_dns_location {
	int status;   /* CW_OK, or an error as in zone.h */
	char *target; /* the name at the end of the aliases; NULL: not found */
	char *zone;   /* the zone of target; NULL: unknown */
	char *reason; /* why it was not found; NULL: it was found */
};

/* Called from the loop when the search ends. LOCATIONS has COUNT items, in the order of the names,
 * and is valid only during the call. The search is freed after the call. */
typedef void (*cw_dns_located)(void *context, const struct cw_dns_location *locations,
			       size_t count);

/* Finds NAMES (copied; upper or lower case, with or without a trailing dot). RESOLVER is as in
 * txt.h. Returns NULL if the search cannot start: CW_E_UNSUPPORTED, CW_E_INVALID. */
struct cw_dns_locating *cw_dns_locate(struct cw_loop *loop, const char *resolver,
				      const struct cw_strv *names, cw_dns_located located,
				      void *context, struct cw_error *error);
/* Cancels the search. Its callback is not called. NULL is allowed. */
void cw_dns_locate_cancel(struct cw_dns_locating *all);

#endif
