/* Where a name's record really is: its aliases are followed, then the zone is looked up (SOA). */
#ifndef CW_DNS_ZONE_H
#define CW_DNS_ZONE_H

#include "dns/question.h"

struct cw_dns_search;

/*
 * The end of a search. CW_OK: SEARCH->name is the name after the aliases, and ZONE its zone, NULL
 * where no SOA record was found (a small resolver may stand for the whole DNS). CW_E_NETWORK: the
 * resolver did not answer, or with an error. CW_E_PROTOCOL: the aliases do not end. WHY says so.
 */
typedef void (*cw_dns_search_callback)(void *context, int status, const char *zone,
				       const char *why);

/* One name's search; all zero before the first. */
struct cw_dns_search {
	struct cw_dns *dns;
	struct cw_dns_address resolver;
	char *name;       /* after the aliases so far */
	char *parent;     /* whose SOA is asked for: name, or what is above it */
	unsigned aliases; /* that were followed */
	cw_dns_search_callback callback;
	void *context;
};

/* Begins with NAME, in lower case and without a trailing dot, at RESOLVER; the call back comes from
 * the loop, and may begin again. SEARCH must stay where it is until then, or until the DNS is freed
 * (cw_dns_free()). */
void cw_dns_search_start(struct cw_dns_search *search, struct cw_dns *dns,
			 const struct cw_dns_address *resolver, const char *name,
			 cw_dns_search_callback callback, void *context);
void cw_dns_search_clear(struct cw_dns_search *search);

#endif
