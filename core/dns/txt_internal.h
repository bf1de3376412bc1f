/*
 * The steps of waiting for TXT records: for each record find the zone (txt_zone.c), for each zone
 * find the servers (txt_servers.c), and check each record at each server (txt_checks.c). All of
 * this runs on the loop at the same time. A step that fails is tried again until the time is over
 * (txt.c). This header is private to these files.
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
	CW_TXT_RESOLVERS_MAX = 3   /* the same as the C library */
};

/* The retries of one step. */
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

/* A zone that contains some of the records. */
struct cw_txt_zone {
	struct cw_txt_waiter *waiter;
	char *name; /* NULL: not found, so the resolver itself is asked */
	struct cw_txt_server servers[CW_TXT_SERVERS_MAX];
	size_t count;
	unsigned pending; /* questions for addresses that have no answer yet */
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
	bool wrong; /* the last answer of an authoritative server did not have the value */
	char *last; /* the last answer of the server, in words */
};

/* A record that we wait for. */
struct cw_txt_wanted {
	struct cw_txt_waiter *waiter;
	struct cw_txt_record *out;
	char *name; /* the name of the TXT record, after CNAMEs */
	struct cw_dns_search search;
	struct cw_txt_zone *zone;
	struct cw_txt_check *checks;
	size_t count;
	size_t missing; /* checks that have not seen the value */
	struct cw_txt_retry retry;
	char *last;
};

/* The wait for all records. */
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

/* Calls CALLBACK to retry a step. The delay doubles with each retry. */
void cw_txt_again(struct cw_txt_waiter *waiter, struct cw_txt_retry *retry,
		  cw_timer_callback callback, void *context);
/* Returns the resolver for this try. Each try uses another one. */
const struct cw_dns_address *cw_txt_resolver(const struct cw_txt_waiter *waiter,
					     const struct cw_txt_retry *retry);
/* Ends the wait from the loop, even if records are missing. */
void cw_txt_finish_soon(struct cw_txt_waiter *waiter);
/* Frees *TEXT and sets it to WITH, which it then owns. */
void cw_txt_replace(char **text, char *with);

/* Finds the zone of CONTEXT, a cw_txt_wanted, and then continues with the servers. */
void cw_txt_find_zone(void *context);
/* Finds the servers of CONTEXT, a cw_txt_zone, and then starts the checks of its records. */
void cw_txt_find_servers(void *context);
/* Makes the resolver the server of ZONE. For a zone without name servers: a small resolver can
 * replace the whole DNS. */
void cw_txt_use_resolver(struct cw_txt_zone *zone);
/* Asks all servers of the record's zone for the record until they have its value. */
void cw_txt_start_checks(struct cw_txt_wanted *record);

#endif
