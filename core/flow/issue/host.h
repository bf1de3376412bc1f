/* The authenticator "host" (plugin/host_plugin.c): the program that uses the library publishes the
 * challenges itself. There is no plugin process then. */
#ifndef CW_FLOW_ISSUE_HOST_H
#define CW_FLOW_ISSUE_HOST_H

#include "plugin/instance.h"
#include "plugin/registry.h"

/* How the host is asked. Implemented in cli/. */
struct cw_host_authenticator {
	/* Has the host publish the challenges. Each gets its result and error. Then DONE is called
	 * once, from the loop. */
	void (*publish)(void *context, struct cw_challenge_slot *const *slots, size_t count,
			void (*done)(void *done_context), void *done_context);
	/* Waits no longer for the host: DONE is called soon. */
	void (*interrupt)(void *context);
	/* Tells the host that the challenges are over. */
	void (*remove)(void *context, struct cw_challenge_slot *const *slots, size_t count);
	void *context;
};

#endif
