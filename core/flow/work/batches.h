/* Decides which certificates are obtained together. */
#ifndef CW_FLOW_WORK_BATCHES_H
#define CW_FLOW_WORK_BATCHES_H

#include "flow/context.h"
#include "flow/work/jobs.h"

/* The limit has two reasons. If a plugin process dies, the work on the whole batch must be
 * repeated. And the CA checks all challenges of a batch at the same time from several places, so
 * the server needs that many connections. */
#define CW_BATCH_MAX 50

struct cw_batches {
	struct cw_batch **items;
	size_t count;
};

/*
 * Groups certificates into batches of at most MOST. All certificates of a batch have the same
 * account, the same authenticator with the same options, and everything else the plugin is told.
 * Each step then takes one round trip for the whole batch, and a web server is changed and reloaded
 * once. A certificate whose names have several authenticators gets a batch of its own.
 */
void cw_batches_make(struct cw_context *context, struct cw_request *const *requests, size_t count,
		     size_t most, struct cw_batches *batches);
void cw_batches_clear(struct cw_batches *batches);

/* Whether both requests have the same values for the options of PLUGIN. */
bool cw_share_options(const struct cw_request *a, const struct cw_request *b, const char *plugin);

#endif
