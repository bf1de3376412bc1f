#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "dns/txt_internal.h"

static void
zone_ready(struct cw_txt_zone *zone)
{
	struct cw_txt_waiter *waiter = zone->waiter;

	zone->ready = true;
	for (size_t i = 0; i < waiter->count; i++)
		if (waiter->records[i].zone == zone)
			cw_txt_start_checks(&waiter->records[i]);
}

void
cw_txt_use_resolver(struct cw_txt_zone *zone)
{
	struct cw_txt_waiter *waiter = zone->waiter;

	cw_log_debug("cannot find the name servers of \"%s\": asking the resolver for its records",
		     zone->name != NULL ? zone->name : ".");
	cw_txt_replace(&zone->name, NULL);
	for (size_t i = 0; i < zone->count; i++)
		free(zone->servers[i].name);
	memset(zone->servers, 0, sizeof(zone->servers));
	zone->count = 1;
	zone->servers[0].zone = zone;
	zone->servers[0].name = cw_strdup("the resolver");
	memcpy(zone->servers[0].addresses, waiter->resolvers, sizeof(waiter->resolvers));
	zone->servers[0].count = waiter->resolver_count;
	zone_ready(zone);
}

static void
servers_known(struct cw_txt_zone *zone)
{
	size_t kept = 0;

	for (size_t i = 0; i < zone->count; i++) {
		if (zone->servers[i].count == 0) {
			cw_log_debug("the name server \"%s\" of \"%s\" has no address",
				     zone->servers[i].name, zone->name);
			free(zone->servers[i].name);
			continue;
		}
		if (kept != i) {
			zone->servers[kept] = zone->servers[i];
			memset(&zone->servers[i], 0, sizeof(zone->servers[i]));
		}
		kept++;
	}
	for (size_t i = kept; i < zone->count; i++)
		zone->servers[i].name = NULL;
	zone->count = kept;
	if (kept == 0)
		cw_txt_use_resolver(zone);
	else
		zone_ready(zone);
}

static void
add_address(struct cw_txt_server *server, const struct cw_dns_address *from)
{
	const struct cw_txt_waiter *waiter = server->zone->waiter;
	struct cw_dns_address *address = &server->addresses[server->count];

	if (server->count == CW_TXT_ADDRESSES_MAX)
		return;
	*address = *from;
	cw_dns_set_port(address, 53);
	for (size_t i = 0; i < waiter->resolver_count; i++)
		if (cw_dns_same_host(address, &waiter->resolvers[i]))
			*address = waiter->resolvers[i];
	server->count++;
}

static void
address_answered(void *context, const struct cw_dns_answer *answer, const char *why)
{
	struct cw_txt_server *server = context;
	struct cw_txt_zone *zone = server->zone;

	(void)why;
	for (size_t i = 0; answer != NULL && i < answer->count; i++) {
		const struct cw_dns_record *record = &answer->records[i];

		if (!record->authority && (record->type == CW_DNS_A || record->type == CW_DNS_AAAA))
			add_address(server, &record->address);
	}
	if (--zone->pending == 0)
		servers_known(zone);
}

static bool
has_server(const struct cw_txt_zone *zone, const char *name)
{
	for (size_t i = 0; i < zone->count; i++)
		if (cw_equal_nocase(zone->servers[i].name, name))
			return true;
	return false;
}

static void
ns_answered(void *context, const struct cw_dns_answer *answer, const char *why)
{
	struct cw_txt_zone *zone = context;
	struct cw_txt_waiter *waiter = zone->waiter;

	(void)why;
	if (answer == NULL || answer->code == CW_DNS_SERVER_FAILURE) {
		cw_txt_again(waiter, &zone->retry, cw_txt_find_servers, zone);
		return;
	}
	for (size_t i = 0; i < answer->count && zone->count < CW_TXT_SERVERS_MAX; i++) {
		const struct cw_dns_record *record = &answer->records[i];

		if (record->type == CW_DNS_NS && !record->authority &&
		    !has_server(zone, record->text)) {
			zone->servers[zone->count].zone = zone;
			zone->servers[zone->count++].name = cw_strdup(record->text);
		}
	}
	if (zone->count == 0) {
		cw_txt_use_resolver(zone);
		return;
	}
	zone->pending = (unsigned)zone->count * 2;
	for (size_t i = 0; i < zone->count; i++) {
		struct cw_txt_server *server = &zone->servers[i];

		cw_dns_ask(waiter->dns, cw_txt_resolver(waiter, &zone->retry), server->name,
			   CW_DNS_A, true, address_answered, server);
		cw_dns_ask(waiter->dns, cw_txt_resolver(waiter, &zone->retry), server->name,
			   CW_DNS_AAAA, true, address_answered, server);
	}
}

void
cw_txt_find_servers(void *context)
{
	struct cw_txt_zone *zone = context;

	zone->retry.timer = NULL;
	cw_dns_ask(zone->waiter->dns, cw_txt_resolver(zone->waiter, &zone->retry), zone->name,
		   CW_DNS_NS, true, ns_answered, zone);
}
