/*
 * The agent's children. Each is forked from the agent, which has loaded nothing, does one thing,
 * and says its result as JSON over a pipe. It gets SIGTERM at its time limit and when the agent
 * ends, and SIGKILL eight seconds later.
 */
#ifndef CW_FLOW_AGENT_CHILD_H
#define CW_FLOW_AGENT_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"

struct cw_children {
	struct cw_loop *loop;
	struct cw_child *first;
	int kept; /* descriptors from 3 on that children keep: the given sockets */
};

struct cw_child_work {
	const char *what; /* for messages: "the renewal" */
	int64_t limit;    /* seconds */
	/* In the child. RESULT is what DONE gets. */
	int (*run)(void *context, struct json_object *result, struct cw_error *error);
	/* In the agent, once. RESULT is borrowed; it is NULL if the child could not say one. */
	void (*done)(void *context, struct json_object *result, const struct cw_error *error);
	void *context;
};

/* Starts a child. It begins with the signal mask that cw_children_block() replaced. */
int cw_children_start(struct cw_children *children, const struct cw_child_work *work,
		      struct cw_error *error);
bool cw_children_busy(const struct cw_children *children);
/* Takes note of processes that have ended, also of orphans if this is process 1. SPARED: another
 * child, which somebody else waits for; 0: there is none. */
void cw_children_reap(struct cw_children *children, pid_t spared);
/* Tells all to end. */
void cw_children_stop(struct cw_children *children);
/* Does what time limits want at NOW (seconds since the epoch); returns when this must be called
 * again, INT64_MAX: never. */
int64_t cw_children_limit(struct cw_children *children, int64_t now);
/* The clock was set by JUMP seconds: the time limits are so too. */
void cw_children_shift(struct cw_children *children, int64_t jump);
/* Ends all at once, and forgets them. */
void cw_children_kill(struct cw_children *children);

/* Blocks the signals that the agent reads from *DESCRIPTOR (signalfd(2)): SIGCHLD, SIGTERM, SIGINT,
 * SIGHUP, SIGUSR1. */
int cw_children_block(int *descriptor, struct cw_error *error);

#endif
