/*
 * Waiting for TXT records: record -> zone -> servers -> one check for each record and server. All
 * of it runs on the loop at once; every step that fails is tried again until the time is over.
 */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "plugin/dns_internal.h"
#include "plugin/txt_internal.h"

enum {
	DELAY_FIRST = 200, /* milliseconds; doubles */
	DELAY_MAX = 5000,
	CNAMES_MAX = 8,
	SERVERS_MAX = 32,   /* of a zone */
	ADDRESSES_MAX = 16, /* of a server */
	RESOLVERS_MAX = 3   /* as the C library's */
};

/* RCODEs (RFC 1035 section 4.1.1). */
enum { CODE_SERVER_FAILURE = 2, CODE_NO_SUCH_NAME = 3, CODE_NOT_IMPLEMENTED = 4, CODE_REFUSED = 5 };

struct waiter;

/* A step that is tried again after a while. */
struct retry {
	struct cw_timer *timer;
	int64_t delay;
	unsigned tries;
};

struct server {
	struct zone *zone;
	char *name;
	struct cw_dns_address addresses[ADDRESSES_MAX];
	size_t count;
};

struct zone {
	struct waiter *waiter;
	char *name; /* NULL: not found; the resolver itself is asked */
	struct server servers[SERVERS_MAX];
	size_t count;
	unsigned pending; /* questions for addresses */
	bool ready;
	struct retry retry;
	struct zone *next;
};

struct check {
	struct record *record;
	const struct server *server;
	struct retry retry;
	bool seen;
	char *last; /* what the server said last */
};

struct record {
	struct waiter *waiter;
	struct cw_txt_record *out;
	char *name;   /* where the TXT record is, after CNAMEs */
	char *parent; /* whose SOA is asked for: name, or what is above it */
	struct zone *zone;
	struct check *checks;
	size_t count;
	size_t missing; /* checks that have not seen the value */
	struct retry retry;
	char *last;
};

struct waiter {
	struct cw_loop *loop;
	struct cw_dns *dns;
	struct cw_dns_address resolvers[RESOLVERS_MAX];
	size_t resolver_count;
	struct record *records;
	size_t count;
	size_t missing; /* records */
	struct zone *zones;
	bool done;
	struct cw_timer *deadline;
};

static void ask_soa(void *context);
static void ask_ns(void *context);
static void ask_txt(void *context);

static void
again(struct waiter *waiter, struct retry *retry, cw_timer_callback callback, void *context)
{
	retry->delay = retry->delay == 0 ? DELAY_FIRST : retry->delay * 2;
	if (retry->delay > DELAY_MAX)
		retry->delay = DELAY_MAX;
	retry->tries++;
	retry->timer = cw_loop_timer(waiter->loop, retry->delay, callback, context);
}

static void
replace(char **text, char *with)
{
	free(*text);
	*text = with;
}

/* Another resolver for each try. */
static const struct cw_dns_address *
resolver(const struct waiter *waiter, const struct retry *retry)
{
	return &waiter->resolvers[retry->tries % waiter->resolver_count];
}

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

/* ---- the checks */

static void
check_seen(struct check *check)
{
	struct record *record = check->record;

	check->seen = true;
	if (--record->missing > 0)
		return;
	record->out->result = CW_OK;
	cw_log_debug("the TXT record \"%s\" is at all %zu servers", record->out->name,
		     record->count);
	if (--record->waiter->missing == 0)
		record->waiter->done = true;
}

static char *
describe(const struct cw_dns_answer *answer, size_t values)
{
	if (answer->code == CODE_NO_SUCH_NAME)
		return cw_strdup("it says that there is no such name");
	if (answer->code == CODE_REFUSED)
		return cw_strdup("it refuses to answer for this name");
	if (answer->code != 0)
		return cw_format("it answered with the error code %u", answer->code);
	if (values == 0)
		return cw_strdup("it has no TXT record there");
	return cw_strdup(values == 1 ? "it has another value" : "it has other values");
}

static void
txt_answered(void *context, const struct cw_dns_answer *answer, const char *why)
{
	struct check *check = context;
	size_t values = 0;
	bool found = false;

	for (size_t i = 0; answer != NULL && i < answer->count; i++) {
		const struct cw_dns_record *record = &answer->records[i];

		if (record->authority || record->type != CW_DNS_TXT)
			continue;
		values++;
		found = found || strcmp(record->text, check->record->out->value) == 0;
	}
	if (found && answer->code == 0) {
		check_seen(check);
		return;
	}
	replace(&check->last, answer != NULL ? describe(answer, values) : cw_strdup(why));
	again(check->record->waiter, &check->retry, ask_txt, check);
}

static void
ask_txt(void *context)
{
	struct check *check = context;
	struct record *record = check->record;
	const struct server *server = check->server;

	check->retry.timer = NULL;
	/* Only a resolver, where no server of the zone is known, has to ask others. */
	cw_dns_ask(record->waiter->dns, &server->addresses[check->retry.tries % server->count],
		   record->name, CW_DNS_TXT, server->zone->name == NULL, txt_answered, check);
}

static void
start_checks(struct record *record)
{
	struct zone *zone = record->zone;

	record->checks = cw_calloc(zone->count, sizeof(*record->checks));
	record->count = record->missing = zone->count;
	for (size_t i = 0; i < zone->count; i++) {
		record->checks[i].record = record;
		record->checks[i].server = &zone->servers[i];
		ask_txt(&record->checks[i]);
	}
}

/* ---- the zone's servers */

static void
zone_ready(struct zone *zone)
{
	struct waiter *waiter = zone->waiter;

	zone->ready = true;
	for (size_t i = 0; i < waiter->count; i++)
		if (waiter->records[i].zone == zone)
			start_checks(&waiter->records[i]);
}

/* Where the DNS tells no servers (a small resolver that stands for all of it), it is asked. */
static void
use_resolver(struct zone *zone)
{
	struct waiter *waiter = zone->waiter;

	cw_log_debug("no name server of \"%s\" is known: asking the resolver for its records",
		     zone->name != NULL ? zone->name : ".");
	replace(&zone->name, NULL);
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
servers_known(struct zone *zone)
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
		use_resolver(zone);
	else
		zone_ready(zone);
}

static void
add_address(struct server *server, const struct cw_dns_address *from)
{
	const struct waiter *waiter = server->zone->waiter;
	struct cw_dns_address *address = &server->addresses[server->count];

	if (server->count == ADDRESSES_MAX)
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
	struct server *server = context;
	struct zone *zone = server->zone;

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
has_server(const struct zone *zone, const char *name)
{
	for (size_t i = 0; i < zone->count; i++)
		if (cw_equal_nocase(zone->servers[i].name, name))
			return true;
	return false;
}

static void
ns_answered(void *context, const struct cw_dns_answer *answer, const char *why)
{
	struct zone *zone = context;
	struct waiter *waiter = zone->waiter;

	(void)why;
	if (answer == NULL || answer->code == CODE_SERVER_FAILURE) {
		again(waiter, &zone->retry, ask_ns, zone);
		return;
	}
	for (size_t i = 0; i < answer->count && zone->count < SERVERS_MAX; i++) {
		const struct cw_dns_record *record = &answer->records[i];

		if (record->type == CW_DNS_NS && !record->authority &&
		    !has_server(zone, record->text)) {
			zone->servers[zone->count].zone = zone;
			zone->servers[zone->count++].name = cw_strdup(record->text);
		}
	}
	if (zone->count == 0) {
		use_resolver(zone);
		return;
	}
	zone->pending = (unsigned)zone->count * 2;
	for (size_t i = 0; i < zone->count; i++) {
		struct server *server = &zone->servers[i];

		cw_dns_ask(waiter->dns, resolver(waiter, &zone->retry), server->name, CW_DNS_A,
			   true, address_answered, server);
		cw_dns_ask(waiter->dns, resolver(waiter, &zone->retry), server->name, CW_DNS_AAAA,
			   true, address_answered, server);
	}
}

static void
ask_ns(void *context)
{
	struct zone *zone = context;

	zone->retry.timer = NULL;
	cw_dns_ask(zone->waiter->dns, resolver(zone->waiter, &zone->retry), zone->name, CW_DNS_NS,
		   true, ns_answered, zone);
}

/* ---- the record's zone */

/* NAME NULL: no zone was found. */
static void
record_in_zone(struct record *record, const char *name)
{
	struct waiter *waiter = record->waiter;
	struct zone *zone = waiter->zones;

	while (zone != NULL && !cw_equal(zone->name, name))
		zone = zone->next;
	record->zone = zone;
	if (zone != NULL) {
		if (zone->ready)
			start_checks(record);
		return;
	}
	zone = cw_alloc(sizeof(*zone));
	zone->waiter = waiter;
	zone->name = cw_strdup(name);
	zone->next = waiter->zones;
	waiter->zones = zone;
	record->zone = zone;
	if (name == NULL)
		use_resolver(zone);
	else
		ask_ns(zone);
}

/* The validation record may be an alias into another zone; then that is where to look. */
static void
follow_aliases(struct record *record, const struct cw_dns_answer *answer)
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
		replace(&record->name, cw_strdup(target));
		replace(&record->parent, cw_strdup(target));
	}
}

static void
soa_answered(void *context, const struct cw_dns_answer *answer, const char *why)
{
	struct record *record = context;
	const char *dot;

	/* A small resolver that knows a few types of records only stands for the whole DNS. */
	if (answer != NULL && answer->code == CODE_NOT_IMPLEMENTED) {
		record_in_zone(record, NULL);
		return;
	}
	if (answer == NULL || (answer->code != 0 && answer->code != CODE_NO_SUCH_NAME)) {
		replace(&record->last, answer == NULL
					       ? cw_format("the resolver failed: %s", why)
					       : cw_format("the resolver answered with the error "
							   "code %u",
							   answer->code));
		again(record->waiter, &record->retry, ask_soa, record);
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
	replace(&record->parent, cw_strdup(dot + 1));
	ask_soa(record);
}

static void
ask_soa(void *context)
{
	struct record *record = context;

	record->retry.timer = NULL;
	cw_dns_ask(record->waiter->dns, resolver(record->waiter, &record->retry), record->parent,
		   CW_DNS_SOA, true, soa_answered, record);
}

/* ---- beginning and end */

static void
deadline(void *context)
{
	struct waiter *waiter = context;

	waiter->deadline = NULL;
	waiter->done = true;
}

/* Names the record, and the server that has not got it. */
static void
explain(const struct record *record, struct cw_error *error)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct check *check = &record->checks[i];
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
report(struct waiter *waiter, struct cw_error *error)
{
	bool failed = false;

	for (size_t i = 0; i < waiter->count; i++) {
		const struct record *record = &waiter->records[i];
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
clear(struct waiter *waiter)
{
	cw_loop_cancel(waiter->loop, waiter->deadline);
	cw_dns_free(waiter->dns);
	for (size_t i = 0; i < waiter->count; i++) {
		struct record *record = &waiter->records[i];

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
		struct zone *zone = waiter->zones;

		waiter->zones = zone->next;
		cw_loop_cancel(waiter->loop, zone->retry.timer);
		for (size_t i = 0; i < zone->count; i++)
			free(zone->servers[i].name);
		free(zone->name);
		free(zone);
	}
}

static void
start_record(struct waiter *waiter, struct record *record, struct cw_txt_record *out)
{
	size_t length = strlen(out->name);

	out->result = CW_E_TIMEOUT;
	record->waiter = waiter;
	record->out = out;
	if (length > 0 && out->name[length - 1] == '.')
		length--;
	record->name = cw_lower(cw_memdup(out->name, length));
	record->parent = cw_strdup(record->name);
	ask_soa(record);
}

int
cw_txt_wait(struct cw_loop *loop, const char *resolver_setting,
	    struct cw_txt_record *const *records, size_t count, unsigned seconds,
	    struct cw_error *error)
{
	struct waiter waiter = {.loop = loop, .count = count, .missing = count};
	int status;

	if (count == 0)
		return CW_OK;
	for (size_t i = 0; i < count; i++) {
		records[i]->result = CW_E_UNSUPPORTED;
		records[i]->reason = NULL;
	}
	status = cw_dns_resolvers(resolver_setting, waiter.resolvers, RESOLVERS_MAX,
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
