/*
 * The service that finds where a DNS record really is: its aliases are followed, then the zone is
 * looked up (SOA), for all names at once.
 */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "dns/zone.h"
#include "plugin/instance_internal.h"
#include "plugin/services_remote.h"

#define PLACE_SIZE CW_SIZE_1_0(struct cw_dns_place, zone)

enum {
	RESOLVERS_MAX = 3, /* as the C library's */
	TRIES = 3          /* of each search, each with another resolver */
};

struct search;

struct place {
	struct search *search;
	struct cw_dns_place *out;
	char *name; /* as it was given, in lower case and without a trailing dot */
	struct cw_dns_search zone_search;
	unsigned tries;
	char *why; /* it failed */
};

struct search {
	struct cw_dns *dns;
	struct cw_dns_address resolvers[RESOLVERS_MAX];
	size_t resolver_count;
	size_t pending;
	bool done;
};

static void find_zone(struct place *place);

static void
zone_found(void *context, int status, const char *zone, const char *why)
{
	struct place *place = context;
	const char *name = place->zone_search.name;

	if (status == CW_E_NETWORK && ++place->tries < TRIES) {
		find_zone(place);
		return;
	}
	place->out->result = status;
	if (status == CW_OK) {
		place->out->target = cw_strdup(name);
		place->out->zone = cw_strdup(zone);
		cw_log_debug("the record \"%s\" is \"%s\" of the zone \"%s\"", place->out->name,
			     name, zone != NULL ? zone : "(not known)");
	} else {
		place->why = cw_strdup(why);
	}
	if (--place->search->pending == 0)
		place->search->done = true;
}

static void
find_zone(struct place *place)
{
	struct search *search = place->search;

	cw_dns_search_start(&place->zone_search, search->dns,
			    &search->resolvers[place->tries % search->resolver_count], place->name,
			    zone_found, place);
}

static int
report(const struct place *places, size_t count, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < count; i++) {
		if (places[i].out->result == CW_OK)
			continue;
		if (status == CW_OK) {
			status = cw_fail(error, places[i].out->result,
					 "cannot find the DNS zone of \"%s\": %s",
					 places[i].out->name,
					 places[i].why != NULL ? places[i].why : "interrupted");
			cw_hint(error, "check that the resolver can be reached; --dns-resolver "
				       "names another");
		}
	}
	return status;
}

static int
search_all(struct search *search, struct cw_loop *loop, struct place *places, size_t count,
	   struct cw_error *error)
{
	int status;

	search->pending = count;
	for (size_t i = 0; i < count; i++)
		find_zone(&places[i]);
	status = cw_loop_until(loop, &search->done, error);
	return status == CW_OK ? report(places, count, error) : status;
}

static void
begin_place(struct search *search, struct place *place, struct cw_dns_place *out)
{
	size_t length = strlen(out->name);

	if (length > 0 && out->name[length - 1] == '.')
		length--;
	place->search = search;
	place->out = out;
	place->name = cw_lower(cw_memdup(out->name, length));
}

int
cw_service_locate(const struct cw_host *host, struct cw_dns_place *const *places, size_t count)
{
	struct cw_loop *loop = cw_host_instance(host)->services->loop;
	struct cw_error *error = cw_host_error(host);
	struct search search = {0};
	struct place *list;
	int status;

	for (size_t i = 0; i < count; i++) {
		if (places[i]->size < PLACE_SIZE || places[i]->name == NULL)
			return cw_host_misused(host, "locate", "a place is cut short");
		places[i]->result = CW_E_CANCELLED;
		places[i]->target = NULL;
		places[i]->zone = NULL;
	}
	if (count == 0)
		return CW_OK;
	if (cw_host_instance(host)->services->ask != NULL)
		return cw_remote_locate(host, places, count);
	status = cw_dns_resolvers(cw_service_setting(host, "dns-resolver"), search.resolvers,
				  RESOLVERS_MAX, &search.resolver_count, error);
	if (status == CW_OK)
		status = cw_dns_new(loop, &search.dns, error);
	if (status != CW_OK) {
		for (size_t i = 0; i < count; i++)
			places[i]->result = status;
		return status;
	}
	list = cw_calloc(count, sizeof(*list));
	for (size_t i = 0; i < count; i++)
		begin_place(&search, &list[i], places[i]);
	status = search_all(&search, loop, list, count, error);
	cw_dns_free(search.dns);
	for (size_t i = 0; i < count; i++) {
		free(list[i].name);
		cw_dns_search_clear(&list[i].zone_search);
		free(list[i].why);
	}
	free(list);
	return status;
}
