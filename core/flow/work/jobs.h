/*
 * Batches at work. A batch is a number of requests that share account, authenticator and options
 * (batches.h); a job is a batch being worked on: a state machine that goes on in the call backs of
 * the one loop of the run, so that all jobs get on side by side. What it has a plugin do happens in
 * a plugin process of its own (plugin/process.h), which can harm this job alone.
 */
#ifndef CW_FLOW_WORK_JOBS_H
#define CW_FLOW_WORK_JOBS_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "plugin/process.h"

struct cw_job;

/* What is done with a batch. */
struct cw_work {
	/* Begins, and returns what the others are given. Each request is reported once; the job is
	 * over when that is said. Neither may happen in here. */
	void *(*begin)(struct cw_job *job);
	/* After a signal: cleans up and ends soon, CW_E_CANCELLED. */
	void (*interrupt)(void *state);
	/* Releases the state; the job is over. */
	void (*end)(void *state);
};

struct cw_batch {
	struct cw_request **requests; /* borrowed */
	size_t count;
	const struct cw_work *work;
	/* Batches that name the same do not run at the same time; borrowed. NULL: any may. */
	const char *exclusive;
};

/* Called in the order of their end, for every request: its result and error are set, its lineage is
 * the one on disk. It may turn the loop, as a deploy hook does. */
typedef void (*cw_request_done)(void *context, struct cw_request *request);

/* How many batches of one CA are worked on at the same time where --jobs does not say. */
#define CW_JOBS_DEFAULT 4

/*
 * Carries out COUNT batches, at most JOBS_MAX of each CA at the same time, calling DONE for every
 * request. CW_OK when each was tried; CW_E_CANCELLED after a signal, when all has been cleaned up
 * (requests that were not tried then have that error).
 */
int cw_jobs_run(struct cw_context *context, struct cw_batch *const *batches, size_t count,
		size_t jobs_max, cw_request_done done, void *done_context, struct cw_error *error);

/* For the work. */

struct cw_context *cw_job_context(const struct cw_job *job);
const struct cw_batch *cw_job_batch(const struct cw_job *job);
/* REQUEST is done with: it has a result, or an error (a result is made of it then). */
void cw_job_report(struct cw_job *job, struct cw_request *request);
/* Nothing more will be reported. */
void cw_job_over(struct cw_job *job);

/* A plugin process that works for a job. */
struct cw_job_plugin;
typedef void (*cw_job_plugin_done)(void *context, struct cw_job_plugin *plugin,
				   const struct cw_error *error);
/*
 * Has a process for the plugin NAME open an instance over SETTINGS (the plugin's options among
 * them are set there when it sets them). DONE comes from the loop: with the plugin, whose process
 * is to be used until cw_job_plugin_free(), or NULL and the error.
 */
void cw_job_open_plugin(struct cw_job *job, const char *name, struct cw_settings *settings,
			cw_job_plugin_done done, void *context);
struct cw_plugin_process *cw_job_plugin_process(const struct cw_job_plugin *plugin);
const struct cw_module *cw_job_plugin_module(const struct cw_job_plugin *plugin);
/* Ends its process, or lets another job have it; gives back the sockets that it served. NULL is
 * allowed. */
void cw_job_plugin_free(struct cw_job_plugin *plugin);

#endif
