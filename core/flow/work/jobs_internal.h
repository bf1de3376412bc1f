/* What jobs.c and job_plugin.c share. */
#ifndef CW_FLOW_WORK_JOBS_INTERNAL_H
#define CW_FLOW_WORK_JOBS_INTERNAL_H

#include "flow/work/jobs.h"
#include "flow/work/listeners.h"
#include "plugin/shared_store.h"

struct cw_jobs {
	struct cw_context *context;
	struct cw_job *items; /* one for each batch */
	size_t count;
	size_t active;
	size_t most; /* the most batches of one CA at the same time */
	struct cw_listeners listeners;
	struct cw_shared_store *store;
	struct cw_request **ended; /* requests that are to be passed to done() */
	size_t ended_count;
	/* Processes died during their work. What they left is undone when no other process edits
	 * files. */
	bool left_work;
	bool stopping; /* after a signal: wait for nothing any more */
	cw_request_done done;
	void *done_context;
};

struct cw_job {
	struct cw_jobs *jobs;
	const struct cw_batch *batch;
	void *state;
	bool *reported; /* for each request of the batch */
	struct cw_job_plugin *plugins;
	bool started;
	bool over;
	bool ended; /* its state was freed */
	struct cw_timer *soon;
};

#endif
