#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "dns/txt_internal.h"

enum { CNAMES_MAX = 8 };

static bool
is_below(const char *name, const char *zone)
{
	size_t name_length = strlen(name), zone_length = strlen(zone);

	if (zone_length == 0)
		return true;
	if (name_length < zone_length || !cw_equal_nocase(name + name_length - zone_length, zone))
		return false;
	return name_length == zone_length || name[name_length - zone_length - 1] == '.';
}

/* NAME NULL: no zone was found. */
static void
record_in_zone(struct cw_txt_wanted *record, const char *name)
{
	struct cw_txt_waiter *waiter = record->waiter;
	struct cw_txt_zone *zone = waiter->zones;

	while (zone != NULL && !cw_equal(zone->name, name))
		zone = zone->next;
	record->zone = zone;
	if (zone != NULL) {
		if (zone->ready)
			cw_txt_start_checks(record);
		return;
	}
	zone = cw_alloc(sizeof(*zone));
	zone->waiter = waiter;
	zone->name = cw_strdup(name);
	zone->next = waiter->zones;
	waiter->zones = zone;
	record->zone = zone;
	if (name == NULL)
		cw_txt_use_resolver(zone);
	else
		cw_txt_find_servers(zone);
}

/* The validation record may be an alias into another zone; then that is where to look. */
static void
follow_aliases(struct cw_txt_wanted *record, const struct cw_dns_answer *answer)
{
	for (unsigned hops = 0; hops < CNAMES_MAX; hops++) {
		const char *target = NULL;

		for (size_t i = 0; i < answer->count && target == NULL; i++)
			if (answer->records[i].type == CW_DNS_CNAME &&
			    cw_equal_nocase(answer->records[i].owner, record->name))
				target = answer->records[i].text;
		if (target == NULL)
			return;
		cw_log_debug("\"%s\" is an alias of \"%s\"", record->name, target);
		cw_txt_replace(&record->name, cw_strdup(target));
		cw_txt_replace(&record->parent, cw_strdup(target));
	}
}

static void
soa_answered(void *context, const struct cw_dns_answer *answer, const char *why)
{
	struct cw_txt_wanted *record = context;
	const char *dot;

	/* A small resolver that knows a few types of records only stands for the whole DNS. */
	if (answer != NULL && answer->code == CW_DNS_NOT_IMPLEMENTED) {
		record_in_zone(record, NULL);
		return;
	}
	if (answer == NULL ||
	    (answer->code != CW_DNS_NO_ERROR && answer->code != CW_DNS_NO_SUCH_NAME)) {
		cw_txt_replace(&record->last,
			       answer == NULL ? cw_format("the resolver failed: %s", why)
					      : cw_format("the resolver answered with the error "
							  "code %u",
							  answer->code));
		cw_txt_again(record->waiter, &record->retry, cw_txt_find_zone, record);
		return;
	}
	if (strcmp(record->parent, record->name) == 0)
		follow_aliases(record, answer);
	for (size_t i = 0; i < answer->count; i++)
		if (answer->records[i].type == CW_DNS_SOA &&
		    is_below(record->name, answer->records[i].owner)) {
			record_in_zone(record, answer->records[i].owner);
			return;
		}
	/* A resolver that leaves the authority section out: ask for what is above. */
	dot = strchr(record->parent, '.');
	if (dot == NULL) {
		record_in_zone(record, NULL);
		return;
	}
	cw_txt_replace(&record->parent, cw_strdup(dot + 1));
	cw_txt_find_zone(record);
}

void
cw_txt_find_zone(void *context)
{
	struct cw_txt_wanted *record = context;

	record->retry.timer = NULL;
	cw_dns_ask(record->waiter->dns, cw_txt_resolver(record->waiter, &record->retry),
		   record->parent, CW_DNS_SOA, true, soa_answered, record);
}
