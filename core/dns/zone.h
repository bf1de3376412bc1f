/* Finds where a name's record really is: follows its aliases, then finds the zone (SOA). */
#ifndef CW_DNS_ZONE_H
#define CW_DNS_ZONE_H

#include "dns/question.h"

struct cw_dns_search;

/*
 * Called when a search ends. CW_OK: SEARCH->name is the name at the end of the aliases, and ZONE is
 * its zone. ZONE is NULL if there is no SOA record (a small resolver can replace the whole DNS).
 * CW_E_NETWORK: the resolver did not answer, or answered with an error. CW_E_PROTOCOL: the chain of
 * aliases is too long. WHY says what went wrong.
 */
typedef void (*cw_dns_search_callback)(void *context, int status, const char *zone,
				       const char *why);

/* The search for one name. Must be all zero before the first use. */
struct cw_dns_search {
	struct cw_dns *dns;
	struct cw_dns_address resolver;
	char *name;       /* after the aliases followed so far */
	char *parent;     /* the name whose SOA is asked for: name itself, or a parent of it */
	unsigned aliases; /* number of aliases followed */
	cw_dns_search_callback callback;
	void *context;
};

/* Starts a search for NAME (lower case, no trailing dot) at RESOLVER. The callback comes from the
 * loop and may start the next search. SEARCH must not move in memory until then, or until
 * cw_dns_free(). */
void cw_dns_search_start(struct cw_dns_search *search, struct cw_dns *dns,
			 const struct cw_dns_address *resolver, const char *name,
			 cw_dns_search_callback callback, void *context);
void cw_dns_search_clear(struct cw_dns_search *search);

#endif
