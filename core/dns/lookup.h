/* Looks records of several names up, on the event loop. */
#ifndef CW_DNS_LOOKUP_H
#define CW_DNS_LOOKUP_H

#include "base/error.h"
#include "base/loop.h"
#include "base/strv.h"
#include "dns/question.h"

struct cw_dns_lookup;

/* The records of one name. */
struct cw_dns_found {
	int status;           /* CW_OK, also if there are none; CW_E_NETWORK */
	char *reason;         /* why it failed; NULL: it did not */
	struct cw_strv texts; /* each as in struct cw_dns_record */
};

/* Called from the loop when all answers are there. FOUND has COUNT items, in the order of the
 * names, and is valid only during the call. The lookup is freed after the call. */
typedef void (*cw_dns_looked_up)(void *context, const struct cw_dns_found *found, size_t count);

/* Looks up the records of TYPE (CW_DNS_TXT, CW_DNS_CNAME, CW_DNS_CAA) of NAMES (copied). RESOLVER
 * is as in txt.h. It follows aliases, as far as the resolver does. Returns NULL if the lookup
 * cannot start: CW_E_UNSUPPORTED, CW_E_INVALID. */
struct cw_dns_lookup *cw_dns_lookup_start(struct cw_loop *loop, const char *resolver,
					  enum cw_dns_type type, const struct cw_strv *names,
					  cw_dns_looked_up done, void *context,
					  struct cw_error *error);
/* Cancels the lookup. Its callback is not called. NULL is allowed. */
void cw_dns_lookup_cancel(struct cw_dns_lookup *lookup);

#endif
