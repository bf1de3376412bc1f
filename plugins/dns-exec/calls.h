/* The calls of a batch, and running them. */
#ifndef DNS_EXEC_CALLS_H
#define DNS_EXEC_CALLS_H

#include "call.h"

struct calls {
	struct call *items;
	size_t count;
};

/* Makes the calls for those challenges that FILTER takes. CW_OK, or CW_E_NOMEM with the host
 * told; calls_clear() in either case. */
int calls_make(const struct caller *caller, enum action action,
	       int (*filter)(const struct cw_challenge *challenge), struct calls *calls);
/* Runs them and fills their results; the calls for one and the same record one after the other. */
int calls_run(const struct caller *caller, struct calls *calls);
void calls_clear(const struct cw_host *host, struct calls *calls);

#endif
