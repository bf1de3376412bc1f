/* Waits for TXT records on the event loop. */
#ifndef CW_DNS_TXT_H
#define CW_DNS_TXT_H

#include <certwright/plugin.h>
#include "base/error.h"
#include "base/loop.h"

struct cw_txt_waiter;

/* Called from the loop when the wait ends. The result of every record is set. If it is
 * CW_E_TIMEOUT, so is the reason (release it with free()). ERROR is never NULL: its status is
 * CW_OK if all records are there, else that of the first missing one. The waiter is freed after
 * the call. */
typedef void (*cw_txt_done)(void *context, const struct cw_error *error);

/*
 * The service wait_txt (certwright/plugin.h). For each record it finds the zone (SOA, through the
 * resolver, following CNAMEs) and the zone's servers (NS, A, AAAA). Then it asks each server for
 * the TXT record until the record has the value. RESOLVER is "ADDRESS[:PORT]" or "[ADDRESS]:PORT";
 * NULL: the name servers of /etc/resolv.conf. If an authoritative server has the resolver's
 * address, it is asked at the resolver's port. After SECONDS a record still counts as there, with a
 * warning, if no server gave a wrong answer: the CA may reach servers that we cannot find or that
 * do not answer us. RECORDS must stay valid until the end.
 *
 * Returns NULL if the wait cannot start: CW_E_UNSUPPORTED without libldns, CW_E_INVALID if RESOLVER
 * is not an address.
 */
struct cw_txt_waiter *cw_txt_wait(struct cw_loop *loop, const char *resolver,
				  struct cw_txt_record *const *records, size_t count,
				  unsigned seconds, cw_txt_done done, void *context,
				  struct cw_error *error);
/* Cancels the wait. Its callback is not called. NULL is allowed. */
void cw_txt_cancel(struct cw_txt_waiter *waiter);

#endif
