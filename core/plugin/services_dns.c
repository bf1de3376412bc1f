/*
 * The service that finds where a DNS record really is: its aliases are followed, then the zone is
 * looked up (SOA), for all names at once.
 */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "dns/question.h"
#include "plugin/instance_internal.h"
#include "plugin/services_remote.h"

#define PLACE_SIZE CW_SIZE_1_0(struct cw_dns_place, zone)

enum {
	CNAMES_MAX = 8,
	RESOLVERS_MAX = 3, /* as the C library's */
	TRIES = 3          /* of each question, each with another resolver */
};

struct search;

struct place {
	struct search *search;
	struct cw_dns_place *out;
	char *name;   /* after the aliases so far */
	char *parent; /* whose SOA is asked for: name, or what is above it */
	unsigned aliases;
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

static void ask(struct place *place);

static void
finish(struct place *place, int result, char *why)
{
	place->out->result = result;
	place->why = why;
	if (--place->search->pending == 0)
		place->search->done = true;
}

static void
found(struct place *place, const char *zone)
{
	place->out->target = cw_strdup(place->name);
	place->out->zone = cw_strdup(zone);
	cw_log_debug("the record \"%s\" is \"%s\" of the zone \"%s\"", place->out->name,
		     place->name, zone != NULL ? zone : "(not known)");
	finish(place, CW_OK, NULL);
}

static void
move_to(struct place *place, const char *name)
{
	char *copy = cw_strdup(name);

	free(place->name);
	free(place->parent);
	place->name = copy;
	place->parent = cw_strdup(copy);
	place->tries = 0;
}

static const char *
alias_target(const struct cw_dns_answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->count; i++)
		if (answer->records[i].type == CW_DNS_CNAME &&
		    cw_equal_nocase(answer->records[i].owner, name))
			return answer->records[i].text;
	return NULL;
}

/* The zone of NAME, if the answer tells it. */
static const char *
zone_of(const struct cw_dns_answer *answer, const char *name)
{
	size_t name_length = strlen(name);

	for (size_t i = 0; i < answer->count; i++) {
		const char *owner = answer->records[i].owner;
		size_t length = strlen(owner);

		if (answer->records[i].type != CW_DNS_SOA)
			continue;
		if (length == 0)
			return owner;
		if (length <= name_length && cw_equal_nocase(name + name_length - length, owner) &&
		    (length == name_length || name[name_length - length - 1] == '.'))
			return owner;
	}
	return NULL;
}

static void
try_again(struct place *place, char *why)
{
	if (++place->tries < TRIES) {
		free(why);
		ask(place);
		return;
	}
	finish(place, CW_E_NETWORK, why);
}

/* Follows what the answer holds of the chain of aliases; false when that is too long. */
static bool
follow(struct place *place, const struct cw_dns_answer *answer)
{
	const char *target;

	while ((target = alias_target(answer, place->name)) != NULL) {
		if (++place->aliases > CNAMES_MAX)
			return false;
		move_to(place, target);
	}
	return true;
}

static void
soa_answered(void *context, const struct cw_dns_answer *answer, const char *why)
{
	struct place *place = context;
	unsigned aliases = place->aliases;
	const char *zone, *dot;

	if (answer == NULL) {
		try_again(place, cw_format("the resolver failed: %s", why));
		return;
	}
	if (answer->code != CW_DNS_NO_ERROR && answer->code != CW_DNS_NO_SUCH_NAME) {
		try_again(place,
			  cw_format("the resolver answered with the error code %u", answer->code));
		return;
	}
	if (!follow(place, answer)) {
		finish(place, CW_E_PROTOCOL,
		       cw_format("it is an alias of an alias more than %d times over", CNAMES_MAX));
		return;
	}
	zone = zone_of(answer, place->name);
	if (zone != NULL) {
		found(place, zone);
		return;
	}
	if (place->aliases == aliases) {
		/* A resolver that leaves the authority section out: ask for what is above. */
		dot = strchr(place->parent, '.');
		if (dot == NULL) {
			found(place, NULL);
			return;
		}
		memmove(place->parent, dot + 1, strlen(dot + 1) + 1);
	}
	ask(place);
}

static void
ask(struct place *place)
{
	struct search *search = place->search;

	cw_dns_ask(search->dns, &search->resolvers[place->tries % search->resolver_count],
		   place->parent, CW_DNS_SOA, true, soa_answered, place);
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
					 "where the DNS record \"%s\" is could not be found: %s",
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
		ask(&places[i]);
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
	place->parent = cw_strdup(place->name);
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
		free(list[i].parent);
		free(list[i].why);
	}
	free(list);
	return status;
}
