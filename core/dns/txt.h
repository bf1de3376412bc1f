/* Waiting for TXT records, on the event loop. */
#ifndef CW_DNS_TXT_H
#define CW_DNS_TXT_H

#include <certwright/plugin.h>
#include "base/error.h"
#include "base/loop.h"

struct cw_txt_waiter;

/* The end of a wait, which is gone then: every record's result is filled, and its reason where that
 * is CW_E_TIMEOUT (release it with free()). ERROR is never NULL: its status is CW_OK when all
 * records are there, and it is that of the first that is not. Called from the loop. */
typedef void (*cw_txt_done)(void *context, const struct cw_error *error);

/*
 * The service wait_txt (certwright/plugin.h). For each record the zone is looked up (SOA, through
 * the resolver, CNAME followed), then the zone's servers (NS, A, AAAA), then each of those is asked
 * for the TXT record until it has the value. RESOLVER: "ADDRESS[:PORT]" or "[ADDRESS]:PORT"; NULL:
 * the name servers of /etc/resolv.conf. An authoritative server at the resolver's own address is
 * asked at the resolver's port. At the end of SECONDS a record counts as there, with a warning,
 * where no server answers wrongly: those that cannot be found or do not answer may do so for the
 * CA. RECORDS are borrowed until the end.
 *
 * NULL when it cannot begin: CW_E_UNSUPPORTED without a library for DNS, CW_E_INVALID for a
 * resolver that is no address.
 */
struct cw_txt_waiter *cw_txt_wait(struct cw_loop *loop, const char *resolver,
				  struct cw_txt_record *const *records, size_t count,
				  unsigned seconds, cw_txt_done done, void *context,
				  struct cw_error *error);
/* Ends it without calling back; NULL is allowed. */
void cw_txt_cancel(struct cw_txt_waiter *waiter);

#endif
