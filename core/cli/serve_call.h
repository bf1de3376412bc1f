/* One request of the library, in a process of its own. */
#ifndef CW_CLI_SERVE_CALL_H
#define CW_CLI_SERVE_CALL_H

#include <stdbool.h>
#include "library/channel.h"

struct cw_ca_memory;

/* The exit status of a process that has no memory left. */
#define CW_CALL_NOMEM 3

/* Carries REQUEST out, which it overwrites, and answers it. CA_MEMORY is what calls share; NULL:
 * nothing. LONE: nobody takes its events. Returns 0 if the request was answered. SIGTERM, after
 * cw_catch_signals(), cancels it. */
int cw_serve_call(struct cw_channel *channel, struct cw_ca_memory *ca_memory, char *request,
		  bool lone);

#endif
