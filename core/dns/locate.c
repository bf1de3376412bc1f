#include "dns/locate.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "dns/zone.h"

enum {
	RESOLVERS_MAX = 3, /* as the C library's */
	TRIES = 3          /* of each search, each with another resolver */
};

struct place {
	struct cw_dns_locating *all;
	char *name; /* in lower case and without a trailing dot */
	struct cw_dns_search search;
	unsigned tries;
};

struct cw_dns_locating {
	struct cw_loop *loop;
	struct cw_dns *dns;
	struct cw_dns_address resolvers[RESOLVERS_MAX];
	size_t resolver_count;
	struct place *places;
	struct cw_dns_location *locations;
	size_t count;
	size_t pending;
	struct cw_timer *end;
	cw_dns_located located;
	void *context;
};

static void find_zone(struct place *place);

void
cw_dns_locate_cancel(struct cw_dns_locating *all)
{
	if (all == NULL)
		return;
	cw_dns_free(all->dns);
	cw_loop_cancel(all->loop, all->end);
	for (size_t i = 0; i < all->count; i++) {
		free(all->places[i].name);
		cw_dns_search_clear(&all->places[i].search);
		free(all->locations[i].target);
		free(all->locations[i].zone);
		free(all->locations[i].reason);
	}
	free(all->places);
	free(all->locations);
	free(all);
}

static void
finish(void *context)
{
	struct cw_dns_locating *all = context;

	all->end = NULL;
	all->located(all->context, all->locations, all->count);
	cw_dns_locate_cancel(all);
}

/* From the loop: what has called is still at work on an answer. */
static void
finish_soon(struct cw_dns_locating *all)
{
	all->end = cw_loop_timer(all->loop, 0, finish, all);
}

static void
zone_found(void *context, int status, const char *zone, const char *why)
{
	struct place *place = context;
	struct cw_dns_locating *all = place->all;
	struct cw_dns_location *location = &all->locations[place - all->places];

	if (status == CW_E_NETWORK && ++place->tries < TRIES) {
		find_zone(place);
		return;
	}
	location->status = status;
	if (status == CW_OK) {
		location->target = cw_strdup(place->search.name);
		location->zone = cw_strdup(zone);
		cw_log_debug("the record \"%s\" is \"%s\" of the zone \"%s\"", place->name,
			     location->target, zone != NULL ? zone : "(not known)");
	} else {
		location->reason = cw_strdup(why);
	}
	if (--all->pending == 0)
		finish_soon(all);
}

static void
find_zone(struct place *place)
{
	struct cw_dns_locating *all = place->all;

	cw_dns_search_start(&place->search, all->dns,
			    &all->resolvers[place->tries % all->resolver_count], place->name,
			    zone_found, place);
}

struct cw_dns_locating *
cw_dns_locate(struct cw_loop *loop, const char *resolver, const struct cw_strv *names,
	      cw_dns_located located, void *context, struct cw_error *error)
{
	struct cw_dns_locating *all = cw_alloc(sizeof(*all));

	all->loop = loop;
	all->located = located;
	all->context = context;
	if (cw_dns_resolvers(resolver, all->resolvers, RESOLVERS_MAX, &all->resolver_count,
			     error) != CW_OK ||
	    cw_dns_new(loop, &all->dns, error) != CW_OK) {
		cw_dns_locate_cancel(all);
		return NULL;
	}
	all->places = cw_calloc(names->count + 1, sizeof(*all->places));
	all->locations = cw_calloc(names->count + 1, sizeof(*all->locations));
	all->count = all->pending = names->count;
	for (size_t i = 0; i < names->count; i++) {
		size_t length = strlen(names->items[i]);

		if (length > 0 && names->items[i][length - 1] == '.')
			length--;
		all->places[i].all = all;
		all->places[i].name = cw_lower(cw_memdup(names->items[i], length));
		find_zone(&all->places[i]);
	}
	if (names->count == 0)
		finish_soon(all);
	return all;
}
