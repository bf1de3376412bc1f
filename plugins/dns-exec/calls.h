/* The calls of one perform() or cleanup(). */
#ifndef DNS_EXEC_CALLS_H
#define DNS_EXEC_CALLS_H

#include "call.h"

struct calls {
	struct call *items;
	size_t count;
};

/* Makes the calls for the challenges that FILTER accepts. CW_OK, or fails through the host with
 * CW_E_NOMEM. Release with calls_clear() in either case. */
int calls_make(const struct caller *caller, enum action action,
	       int (*filter)(const struct cw_challenge *challenge), struct calls *calls);
/* Runs them and fills their results. Calls for the same record run one after the other. */
int calls_run(const struct caller *caller, struct calls *calls);
void calls_clear(const struct cw_host *host, struct calls *calls);

#endif
