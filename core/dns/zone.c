#include "dns/zone.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { CNAMES_MAX = 8 };

static void ask(struct cw_dns_search *search);

static void
move_to(struct cw_dns_search *search, const char *name)
{
	char *copy = cw_strdup(name);

	free(search->name);
	free(search->parent);
	search->name = copy;
	search->parent = cw_strdup(copy);
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

/* Follows what the answer holds of the chain of aliases; false when that is too long. */
static bool
follow(struct cw_dns_search *search, const struct cw_dns_answer *answer)
{
	const char *target;

	while ((target = alias_target(answer, search->name)) != NULL) {
		if (++search->aliases > CNAMES_MAX)
			return false;
		cw_log_debug("\"%s\" is an alias of \"%s\"", search->name, target);
		move_to(search, target);
	}
	return true;
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
fail(struct cw_dns_search *search, int status, const char *why)
{
	search->callback(search->context, status, NULL, why);
}

static void
found(struct cw_dns_search *search, const char *zone)
{
	search->callback(search->context, CW_OK, zone, NULL);
}

static void
soa_answered(void *context, const struct cw_dns_answer *answer, const char *why)
{
	struct cw_dns_search *search = context;
	unsigned aliases = search->aliases;
	cw_autofree char *reason = NULL;
	const char *zone, *dot;

	if (answer == NULL) {
		reason = cw_format("the resolver failed: %s", why);
		fail(search, CW_E_NETWORK, reason);
		return;
	}
	/* A small resolver that knows only a few types of records replaces the whole DNS. */
	if (answer->code == CW_DNS_NOT_IMPLEMENTED) {
		found(search, NULL);
		return;
	}
	if (answer->code != CW_DNS_NO_ERROR && answer->code != CW_DNS_NO_SUCH_NAME) {
		reason = cw_format("the resolver answered with the error code %u", answer->code);
		fail(search, CW_E_NETWORK, reason);
		return;
	}
	if (!follow(search, answer)) {
		reason = cw_format("it is a chain of more than %d aliases", CNAMES_MAX);
		fail(search, CW_E_PROTOCOL, reason);
		return;
	}
	zone = zone_of(answer, search->name);
	if (zone != NULL) {
		found(search, zone);
		return;
	}
	if (search->aliases == aliases) {
		/* A resolver that leaves the authority section out: ask for what is above. */
		dot = strchr(search->parent, '.');
		if (dot == NULL) {
			found(search, NULL);
			return;
		}
		memmove(search->parent, dot + 1, strlen(dot + 1) + 1);
	}
	ask(search);
}

static void
ask(struct cw_dns_search *search)
{
	cw_dns_ask(search->dns, &search->resolver, search->parent, CW_DNS_SOA, true, soa_answered,
		   search);
}

void
cw_dns_search_start(struct cw_dns_search *search, struct cw_dns *dns,
		    const struct cw_dns_address *resolver, const char *name,
		    cw_dns_search_callback callback, void *context)
{
	search->dns = dns;
	search->resolver = *resolver;
	search->aliases = 0;
	search->callback = callback;
	search->context = context;
	move_to(search, name);
	ask(search);
}

void
cw_dns_search_clear(struct cw_dns_search *search)
{
	free(search->name);
	free(search->parent);
	search->name = search->parent = NULL;
}
