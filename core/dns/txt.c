#include "dns/txt.h"

#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "dns/txt_internal.h"

enum { DELAY_FIRST = 200, DELAY_MAX = 5000 }; /* milliseconds; doubles */

void
cw_txt_again(struct cw_txt_waiter *waiter, struct cw_txt_retry *retry, cw_timer_callback callback,
	     void *context)
{
	retry->delay = retry->delay == 0 ? DELAY_FIRST : retry->delay * 2;
	if (retry->delay > DELAY_MAX)
		retry->delay = DELAY_MAX;
	retry->tries++;
	retry->timer = cw_loop_timer(waiter->loop, retry->delay, callback, context);
}

void
cw_txt_replace(char **text, char *with)
{
	free(*text);
	*text = with;
}

const struct cw_dns_address *
cw_txt_resolver(const struct cw_txt_waiter *waiter, const struct cw_txt_retry *retry)
{
	return &waiter->resolvers[retry->tries % waiter->resolver_count];
}

static void
deadline(void *context)
{
	struct cw_txt_waiter *waiter = context;

	waiter->deadline = NULL;
	waiter->done = true;
}

/* Names the record, and the server that has not got it. */
static void
explain(const struct cw_txt_wanted *record, struct cw_error *error)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct cw_txt_check *check = &record->checks[i];
		cw_autofree char *address = NULL;

		if (check->seen)
			continue;
		address = cw_dns_format_address(&check->server->addresses[0]);
		cw_fail(error, CW_E_TIMEOUT,
			"the TXT record \"%s\" did not appear at \"%s\" (%s) in time: %s",
			record->out->name, check->server->name, address,
			check->last != NULL ? check->last : "it did not answer");
		return;
	}
	cw_fail(error, CW_E_TIMEOUT, "the name servers of \"%s\" could not be found in time: %s",
		record->out->name, record->last != NULL ? record->last : "no answer");
}

static int
report(struct cw_txt_waiter *waiter, struct cw_error *error)
{
	bool failed = false;

	for (size_t i = 0; i < waiter->count; i++) {
		const struct cw_txt_wanted *record = &waiter->records[i];
		cw_auto_error struct cw_error part = {0};

		if (record->out->result == CW_OK)
			continue;
		explain(record, &part);
		record->out->reason = cw_strdup(part.message);
		if (!failed && error != NULL)
			cw_error_copy(error, &part);
		else
			cw_log_debug("%s", part.message);
		failed = true;
	}
	if (!failed)
		return CW_OK;
	cw_hint(error, "give the servers more time, or look whether the record was made in the "
		       "zone that they serve");
	return CW_E_TIMEOUT;
}

static void
clear(struct cw_txt_waiter *waiter)
{
	cw_loop_cancel(waiter->loop, waiter->deadline);
	cw_dns_free(waiter->dns);
	for (size_t i = 0; i < waiter->count; i++) {
		struct cw_txt_wanted *record = &waiter->records[i];

		cw_loop_cancel(waiter->loop, record->retry.timer);
		for (size_t j = 0; j < record->count; j++) {
			cw_loop_cancel(waiter->loop, record->checks[j].retry.timer);
			free(record->checks[j].last);
		}
		free(record->checks);
		free(record->name);
		free(record->parent);
		free(record->last);
	}
	free(waiter->records);
	while (waiter->zones != NULL) {
		struct cw_txt_zone *zone = waiter->zones;

		waiter->zones = zone->next;
		cw_loop_cancel(waiter->loop, zone->retry.timer);
		for (size_t i = 0; i < zone->count; i++)
			free(zone->servers[i].name);
		free(zone->name);
		free(zone);
	}
}

static void
start_record(struct cw_txt_waiter *waiter, struct cw_txt_wanted *record, struct cw_txt_record *out)
{
	size_t length = strlen(out->name);

	out->result = CW_E_TIMEOUT;
	record->waiter = waiter;
	record->out = out;
	if (length > 0 && out->name[length - 1] == '.')
		length--;
	record->name = cw_lower(cw_memdup(out->name, length));
	record->parent = cw_strdup(record->name);
	cw_txt_find_zone(record);
}

int
cw_txt_wait(struct cw_loop *loop, const char *resolver_setting,
	    struct cw_txt_record *const *records, size_t count, unsigned seconds,
	    struct cw_error *error)
{
	struct cw_txt_waiter waiter = {.loop = loop, .count = count, .missing = count};
	int status;

	if (count == 0)
		return CW_OK;
	for (size_t i = 0; i < count; i++) {
		records[i]->result = CW_E_UNSUPPORTED;
		records[i]->reason = NULL;
	}
	status = cw_dns_resolvers(resolver_setting, waiter.resolvers, CW_TXT_RESOLVERS_MAX,
				  &waiter.resolver_count, error);
	if (status == CW_OK)
		status = cw_dns_new(loop, &waiter.dns, error);
	if (status != CW_OK) {
		for (size_t i = 0; i < count; i++)
			records[i]->result = status;
		return status;
	}
	waiter.records = cw_calloc(count, sizeof(*waiter.records));
	waiter.deadline = cw_loop_timer(loop, (int64_t)seconds * 1000, deadline, &waiter);
	for (size_t i = 0; i < count; i++)
		start_record(&waiter, &waiter.records[i], records[i]);
	status = cw_loop_until(loop, &waiter.done, error);
	if (status == CW_OK)
		status = report(&waiter, error);
	clear(&waiter);
	return status;
}
