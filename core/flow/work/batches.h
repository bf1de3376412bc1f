/* Which certificates are obtained together. */
#ifndef CW_FLOW_WORK_BATCHES_H
#define CW_FLOW_WORK_BATCHES_H

#include "flow/context.h"
#include "flow/work/jobs.h"

/* More would be lost, for a while, when a plugin process dies; and the CA looks at all challenges
 * of a batch at the same time, from several places, for which the server needs connections. */
#define CW_BATCH_MAX 50

struct cw_batches {
	struct cw_batch **items;
	size_t count;
};

/*
 * Certificates come together, MOST in a batch, where account, authenticator, its options and all
 * else that it is told are the same: each step then takes one round trip for all of them, and a web
 * server is changed and reloaded once. One whose names have several authenticators is on its own.
 */
void cw_batches_make(struct cw_context *context, struct cw_request *const *requests, size_t count,
		     size_t most, struct cw_batches *batches);
void cw_batches_clear(struct cw_batches *batches);

/* Whether both give the plugin's own options the same values. */
bool cw_share_options(const struct cw_request *a, const struct cw_request *b, const char *plugin);

#endif
