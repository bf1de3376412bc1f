/*
 * The steps of waiting for TXT records: record -> zone (txt_zone.c) -> servers (txt_servers.c) ->
 * one check for each record and server (txt_checks.c). All of it runs on the loop at once; every
 * step that fails is tried again until the time is over (txt.c). Private to those.
 */
#ifndef CW_DNS_TXT_INTERNAL_H
#define CW_DNS_TXT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/loop.h"
#include "dns/question.h"
#include "dns/txt.h"
#include "dns/zone.h"

enum {
	CW_TXT_SERVERS_MAX = 32,   /* of a zone */
	CW_TXT_ADDRESSES_MAX = 16, /* of a server */
	CW_TXT_RESOLVERS_MAX = 3   /* as the C library's */
};

/* A step that is tried again after a while. */
struct cw_txt_retry {
	struct cw_timer *timer;
	int64_t delay;
	unsigned tries;
};

/* A name server of a zone. */
struct cw_txt_server {
	struct cw_txt_zone *zone;
	char *name;
	struct cw_dns_address addresses[CW_TXT_ADDRESSES_MAX];
	size_t count;
};

/* A zone that records are in. */
struct cw_txt_zone {
	struct cw_txt_waiter *waiter;
	char *name; /* NULL: not found; the resolver itself is asked */
	struct cw_txt_server servers[CW_TXT_SERVERS_MAX];
	size_t count;
	unsigned pending; /* questions for addresses */
	bool ready;
	struct cw_txt_retry retry;
	struct cw_txt_zone *next;
};

/* One record at one server. */
struct cw_txt_check {
	struct cw_txt_wanted *record;
	const struct cw_txt_server *server;
	struct cw_txt_retry retry;
	bool seen;
	bool wrong; /* an authoritative server answered last without the value */
	char *last; /* what the server said last */
};

/* A record that is waited for. */
struct cw_txt_wanted {
	struct cw_txt_waiter *waiter;
	struct cw_txt_record *out;
	char *name; /* where the TXT record is, after CNAMEs */
	struct cw_dns_search search;
	struct cw_txt_zone *zone;
	struct cw_txt_check *checks;
	size_t count;
	size_t missing; /* checks that have not seen the value */
	struct cw_txt_retry retry;
	char *last;
};

/* All of them. */
struct cw_txt_waiter {
	struct cw_loop *loop;
	struct cw_dns *dns;
	struct cw_dns_address resolvers[CW_TXT_RESOLVERS_MAX];
	size_t resolver_count;
	struct cw_txt_wanted *records;
	size_t count;
	size_t missing; /* records */
	struct cw_txt_zone *zones;
	struct cw_timer *deadline;
	cw_txt_done done;
	void *context;
};

/* Tries a step again by CALLBACK, after a while that doubles from one try to the next. */
void cw_txt_again(struct cw_txt_waiter *waiter, struct cw_txt_retry *retry,
		  cw_timer_callback callback, void *context);
/* Another resolver for each try. */
const struct cw_dns_address *cw_txt_resolver(const struct cw_txt_waiter *waiter,
					     const struct cw_txt_retry *retry);
/* Ends the wait from the loop, whatever is missing. */
void cw_txt_finish_soon(struct cw_txt_waiter *waiter);
/* Sets *TEXT to WITH, which it owns then. */
void cw_txt_replace(char **text, char *with);

/* Looks for the zone of CONTEXT, a cw_txt_wanted, and what comes after. */
void cw_txt_find_zone(void *context);
/* Looks for the servers of CONTEXT, a cw_txt_zone; then the checks of its records begin. */
void cw_txt_find_servers(void *context);
/* If the DNS names no servers (a small resolver that replaces it), the resolver is asked. */
void cw_txt_use_resolver(struct cw_txt_zone *zone);
/* Asks all servers of the record's zone for it until they have its value. */
void cw_txt_start_checks(struct cw_txt_wanted *record);

#endif
