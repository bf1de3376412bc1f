/*
 * The listening sockets of a run. A socket is opened when the first worker asks for it, shared by
 * all that do, and let go when the last of them no longer serves it: nobody would accept what the
 * kernel gives it of the connections to a port that other runs share.
 */
#ifndef CW_FLOW_WORK_LISTENERS_H
#define CW_FLOW_WORK_LISTENERS_H

#include <stddef.h>
#include "base/error.h"

struct cw_listeners {
	struct cw_listener **items;
	size_t count;
};

/* The socket for ADDRESS and PORT, for USER to serve once more; *DESCRIPTOR stays ours. */
int cw_listeners_take(struct cw_listeners *listeners, const void *user, const char *address,
		      unsigned port, int *descriptor, struct cw_error *error);
/* USER serves it once less. Where nobody else does, it gets no more connections from now on, and is
 * closed here; USER's own descriptor is its last, so as to answer those that wait. */
void cw_listeners_give_back(struct cw_listeners *listeners, const void *user, const char *address,
			    unsigned port);
/* USER is gone, and all that it served with it. */
void cw_listeners_forget(struct cw_listeners *listeners, const void *user);
/* Closes all: also for a forked process, which has no share in them. */
void cw_listeners_clear(struct cw_listeners *listeners);

#endif
