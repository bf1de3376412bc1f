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

/* The first server that has not given the value, among those that answered wrongly or among the
 * others; NULL: none. */
static const struct cw_txt_check *
find_check(const struct cw_txt_wanted *record, bool wrong)
{
	for (size_t i = 0; i < record->count; i++)
		if (!record->checks[i].seen && record->checks[i].wrong == wrong)
			return &record->checks[i];
	return NULL;
}

/* Why it is not known whether the name servers have the record; release with free(). */
static char *
describe_unknown(const struct cw_txt_wanted *record)
{
	const struct cw_txt_check *check = find_check(record, false);

	if (check == NULL)
		return cw_format("cannot find the name servers of \"%s\": %s", record->out->name,
				 record->last != NULL ? record->last : "no answer");
	if (check->server->zone->name == NULL)
		return cw_format("cannot find the name servers of \"%s\", and the resolver cannot "
				 "be used instead: %s",
				 record->out->name, check->last);
	return cw_format("cannot ask the name server \"%s\" for the TXT record \"%s\": %s",
			 check->server->name, record->out->name,
			 check->last != NULL ? check->last : "it did not answer");
}

/* The CA may see what we cannot, as where the DNS has another view inside than outside. */
static void
warn_of_unknown(const struct cw_txt_wanted *record, bool first)
{
	cw_autofree char *why = describe_unknown(record);

	if (first)
		cw_log_warning("%s; continuing anyway (use --dns-resolver to ask another resolver)",
			       why);
	else
		cw_log_debug("%s", why);
}

/* Names the record, and the server that has not got it. */
static void
explain(const struct cw_txt_wanted *record, const struct cw_txt_check *check,
	struct cw_error *error)
{
	cw_autofree char *address = cw_dns_format_address(&check->server->addresses[0]);

	cw_fail(error, CW_E_TIMEOUT,
		"the TXT record \"%s\" did not appear at \"%s\" (%s) in time: %s",
		record->out->name, check->server->name, address, check->last);
}

static int
report(struct cw_txt_waiter *waiter, struct cw_error *error)
{
	bool failed = false, warned = false;

	for (size_t i = 0; i < waiter->count; i++) {
		const struct cw_txt_wanted *record = &waiter->records[i];
		const struct cw_txt_check *wrong = find_check(record, true);
		cw_auto_error struct cw_error part = {0};

		if (record->out->result == CW_OK)
			continue;
		if (wrong == NULL) {
			warn_of_unknown(record, !warned);
			warned = true;
			record->out->result = CW_OK;
			continue;
		}
		explain(record, wrong, &part);
		record->out->reason = cw_strdup(part.message);
		if (!failed && error != NULL)
			cw_error_copy(error, &part);
		else
			cw_log_debug("%s", part.message);
		failed = true;
	}
	if (!failed)
		return CW_OK;
	cw_hint(error, "give the servers more time, or check that the record was added to the zone "
		       "that they serve; --dns-resolver sets another resolver to find them");
	return CW_E_TIMEOUT;
}

void
cw_txt_cancel(struct cw_txt_waiter *waiter)
{
	if (waiter == NULL)
		return;
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
		cw_dns_search_clear(&record->search);
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
	free(waiter);
}

static void
finish(void *context)
{
	struct cw_txt_waiter *waiter = context;
	cw_txt_done done = waiter->done;
	void *done_context = waiter->context;
	cw_auto_error struct cw_error error = {0};

	waiter->deadline = NULL;
	report(waiter, &error);
	cw_txt_cancel(waiter);
	done(done_context, &error);
}

/* From the loop: what has called is still at work on an answer. */
void
cw_txt_finish_soon(struct cw_txt_waiter *waiter)
{
	cw_loop_cancel(waiter->loop, waiter->deadline);
	waiter->deadline = cw_loop_timer(waiter->loop, 0, finish, waiter);
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
	cw_txt_find_zone(record);
}

struct cw_txt_waiter *
cw_txt_wait(struct cw_loop *loop, const char *resolver, struct cw_txt_record *const *records,
	    size_t count, unsigned seconds, cw_txt_done done, void *context, struct cw_error *error)
{
	struct cw_txt_waiter *waiter = cw_alloc(sizeof(*waiter));

	waiter->loop = loop;
	waiter->done = done;
	waiter->context = context;
	for (size_t i = 0; i < count; i++)
		records[i]->reason = NULL;
	if (cw_dns_resolvers(resolver, waiter->resolvers, CW_TXT_RESOLVERS_MAX,
			     &waiter->resolver_count, error) != CW_OK ||
	    cw_dns_new(loop, &waiter->dns, error) != CW_OK) {
		cw_txt_cancel(waiter);
		return NULL;
	}
	waiter->records = cw_calloc(count + 1, sizeof(*waiter->records));
	waiter->count = waiter->missing = count;
	waiter->deadline = cw_loop_timer(loop, (int64_t)seconds * 1000, finish, waiter);
	for (size_t i = 0; i < count; i++)
		start_record(waiter, &waiter->records[i], records[i]);
	if (count == 0)
		cw_txt_finish_soon(waiter);
	return waiter;
}
