/* Waiting for TXT records; private to plugin/. */
#ifndef CW_DNS_TXT_H
#define CW_DNS_TXT_H

#include <certwright/plugin.h>
#include "base/error.h"
#include "base/loop.h"

/*
 * The service wait_txt (certwright/plugin.h). For each record the zone is looked up (SOA, through
 * the resolver, CNAME followed), then the zone's servers (NS, A, AAAA), then each of those is asked
 * for the TXT record until it has the value. RESOLVER: "ADDRESS[:PORT]" or "[ADDRESS]:PORT"; NULL:
 * the name servers of /etc/resolv.conf. An authoritative server at the resolver's own address is
 * asked at the resolver's port. At the end of SECONDS a record counts as there, with a warning,
 * where no server answers wrongly: those that cannot be found or do not answer may do so for the
 * CA. CW_E_UNSUPPORTED when built without a library for DNS.
 */
int cw_txt_wait(struct cw_loop *loop, const char *resolver, struct cw_txt_record *const *records,
		size_t count, unsigned seconds, struct cw_error *error);

#endif
