/*
 * The listening sockets of a run. A socket is opened when the first worker asks for it. All workers
 * that ask share it. It is closed when the last of them no longer serves it, because other runs may
 * wait for the port.
 */
#ifndef CW_FLOW_WORK_LISTENERS_H
#define CW_FLOW_WORK_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

struct cw_listeners {
	struct cw_listener **items;
	size_t count;
};

/* Returns the socket for ADDRESS and PORT in *DESCRIPTOR, and counts USER as serving it once more.
 * The descriptor stays ours. BY_RUN is as in cw_listen(). */
int cw_listeners_take(struct cw_listeners *listeners, const void *user, const char *address,
		      unsigned port, int *descriptor, bool *by_run, struct cw_error *error);
/* USER serves the socket once less. If nobody serves it any more, our descriptor is closed. USER's
 * own descriptor is then the last one, so USER can answer the connections that wait. */
void cw_listeners_give_back(struct cw_listeners *listeners, const void *user, const char *address,
			    unsigned port);
/* USER is gone and serves no socket any more. */
void cw_listeners_forget(struct cw_listeners *listeners, const void *user);
/* Closes all sockets. A forked process also calls this, because it must not keep them. */
void cw_listeners_clear(struct cw_listeners *listeners);

#endif
