#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "dns/txt_internal.h"

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
zone_found(void *context, int status, const char *zone, const char *why)
{
	struct cw_txt_wanted *record = context;

	if (status != CW_OK) {
		cw_txt_replace(&record->last, cw_strdup(why));
		cw_txt_again(record->waiter, &record->retry, cw_txt_find_zone, record);
		return;
	}
	cw_txt_replace(&record->name, cw_strdup(record->search.name));
	record_in_zone(record, zone);
}

void
cw_txt_find_zone(void *context)
{
	struct cw_txt_wanted *record = context;

	record->retry.timer = NULL;
	cw_dns_search_start(&record->search, record->waiter->dns,
			    cw_txt_resolver(record->waiter, &record->retry), record->name,
			    zone_found, record);
}
