/*
 * The listening sockets of a run. A socket is opened when the first worker asks for it, shared by
 * all that do, and closed when the last of them no longer serves it: other runs may wait for the
 * port.
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

/* The socket for ADDRESS and PORT, for USER to serve once more; *DESCRIPTOR stays ours. BY_RUN: as
 * with cw_listen(). */
int cw_listeners_take(struct cw_listeners *listeners, const void *user, const char *address,
		      unsigned port, int *descriptor, bool *by_run, struct cw_error *error);
/* USER serves it once less. Where nobody else does, it is closed here; USER's own descriptor is its
 * last, so as to answer the connections that wait. */
void cw_listeners_give_back(struct cw_listeners *listeners, const void *user, const char *address,
			    unsigned port);
/* USER is gone, and all that it served with it. */
void cw_listeners_forget(struct cw_listeners *listeners, const void *user);
/* Closes all: also for a forked process, which has no share in them. */
void cw_listeners_clear(struct cw_listeners *listeners);

#endif
