/*
 * Runs batches. A batch is a group of requests that share account, authenticator and options
 * (batches.h). A job works on one batch. It is a state machine that runs in callbacks of the run's
 * one loop, so that all jobs make progress at the same time. Plugins run in plugin processes
 * (plugin/process.h), where they can harm only their own job.
 */
#ifndef CW_FLOW_WORK_JOBS_H
#define CW_FLOW_WORK_JOBS_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "plugin/process.h"

struct cw_job;

/* What to do with a batch. */
struct cw_work {
	/* Begins the work and returns the state that is passed to the other functions. Each request
	 * must be reported once. Then the job must be declared over. Neither may happen inside this
	 * function. */
	void *(*begin)(struct cw_job *job);
	/* Called after a signal: cleans up and ends soon with CW_E_CANCELLED. */
	void (*interrupt)(void *state);
	/* Frees the state. The job is over. */
	void (*end)(void *state);
};

struct cw_batch {
	struct cw_request **requests; /* borrowed */
	size_t count;
	const struct cw_work *work;
	/* Batches with the same text do not run at the same time; borrowed. NULL: no
	 * restriction. */
	const char *exclusive;
};

/* Called for every request, in the order in which they end. The request's result and error are set,
 * and its lineage is the one on disk. The callee may turn the loop, as deploy hooks do. */
typedef void (*cw_request_done)(void *context, struct cw_request *request);

/* The number of batches of one CA that run at the same time, unless --jobs sets it. */
#define CW_JOBS_DEFAULT 4

/*
 * Carries out COUNT batches, at most JOBS_MAX of each CA at the same time. Calls DONE for every
 * request. Returns CW_OK if all were tried. Returns CW_E_CANCELLED after a signal, once everything
 * is cleaned up; requests that were not tried then have that error.
 */
int cw_jobs_run(struct cw_context *context, struct cw_batch *const *batches, size_t count,
		size_t jobs_max, cw_request_done done, void *done_context, struct cw_error *error);

/* The functions below are for struct cw_work. */

struct cw_context *cw_job_context(const struct cw_job *job);
const struct cw_batch *cw_job_batch(const struct cw_job *job);
/* REQUEST is finished and has a result or an error. In the second case its result is made from the
 * error. */
void cw_job_report(struct cw_job *job, struct cw_request *request);
/* The job is over: all its requests were reported. */
void cw_job_over(struct cw_job *job);

/* A plugin process that works for a job. */
struct cw_job_plugin;
typedef void (*cw_job_plugin_done)(void *context, struct cw_job_plugin *plugin,
				   const struct cw_error *error);
/*
 * Has a plugin process open an instance of the plugin NAME over SETTINGS. If the plugin sets one of
 * its options, it is set there. DONE is called from the loop with the plugin, or with NULL and the
 * error. The plugin's process may be used until cw_job_plugin_free().
 */
void cw_job_open_plugin(struct cw_job *job, const char *name, struct cw_settings *settings,
			cw_job_plugin_done done, void *context);
struct cw_plugin_process *cw_job_plugin_process(const struct cw_job_plugin *plugin);
const struct cw_module *cw_job_plugin_module(const struct cw_job_plugin *plugin);
/* Ends the plugin's process or leaves it to another job, and closes the sockets that it served.
 * NULL is allowed. */
void cw_job_plugin_free(struct cw_job_plugin *plugin);

#endif
