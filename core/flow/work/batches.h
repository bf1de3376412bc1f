/* Which certificates are obtained together, by one worker. */
#ifndef CW_FLOW_WORK_BATCHES_H
#define CW_FLOW_WORK_BATCHES_H

#include "flow/context.h"
#include "flow/work/workers.h"

/* More would be lost, for a while, when a worker dies; and the CA looks at all challenges of a
 * batch at the same time, from several places, for which the server needs connections. */
#define CW_BATCH_MAX 50

struct cw_batches {
	struct cw_batch **items;
	size_t count;
};

/*
 * Certificates whose authenticator one process at a time may use (a web server's, say) come
 * together, MOST in a batch, where account, options and all else that the plugin is told are the
 * same: its server is then changed and reloaded once for all of them. Every other is on its own.
 */
void cw_batches_make(struct cw_context *context, struct cw_request *const *requests, size_t count,
		     size_t most, struct cw_batches *batches);
void cw_batches_clear(struct cw_batches *batches);

/* Whether both give the plugin's own options the same values. */
bool cw_share_options(const struct cw_request *a, const struct cw_request *b, const char *plugin);

#endif
