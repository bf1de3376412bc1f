/* One request of the library, in a process of its own. */
#ifndef CW_CLI_SERVE_CALL_H
#define CW_CLI_SERVE_CALL_H

#include <stdbool.h>
#include "library/channel.h"

/* The exit status of a process that has no memory left. */
#define CW_CALL_NOMEM 3

/* Carries REQUEST out, which it overwrites, and answers it. LONE: nobody takes its events. Returns
 * 0 if the request was answered. SIGTERM, after cw_catch_signals(), cancels it. */
int cw_serve_call(struct cw_channel *channel, char *request, bool lone);

#endif
