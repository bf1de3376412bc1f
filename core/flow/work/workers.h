/*
 * The coordinator's side of the processes: batches of requests are given to forked workers, where
 * plugins run and keys are made. A worker that crashes or hangs takes down its own batch.
 */
#ifndef CW_FLOW_WORK_WORKERS_H
#define CW_FLOW_WORK_WORKERS_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "flow/work/begin.h"

struct cw_services;
struct cw_batch;

/* Called in the worker for each request at its end: its result may be set, its error is when it
 * failed. */
typedef void (*cw_report)(void *context, struct cw_request *request);
/* What a worker does with its batch. */
typedef void (*cw_work)(struct cw_context *context, const struct cw_services *services,
			struct cw_batch *batch, cw_report report, void *report_context);

/* Requests that share account, server, authenticator and the authenticator's options; for an
 * installer's work the installer and its options. */
struct cw_batch {
	struct cw_request **requests; /* borrowed */
	size_t count;
	cw_work work; /* NULL: the certificates are obtained (flow/issue/obtain.h) */
	/* Batches that name the same do not run at the same time; borrowed. NULL: any may. */
	const char *exclusive;
};

/* Called in the coordinator, in the order of their end, for every request: its result and error are
 * set, its lineage is the one on disk. */
typedef void (*cw_request_done)(void *context, struct cw_request *request);

/*
 * Carries out COUNT batches with at most JOBS workers at a time for each CA, calling DONE for every
 * request; a CA that gave no answer to one batch is not asked for the others, which fail. LOOP is
 * turned. CW_OK when each was tried; CW_E_CANCELLED after a signal, when the workers have
 * cleaned up (requests that were not tried then have that error).
 */
int cw_workers_run(struct cw_context *context, struct cw_run *run, struct cw_loop *loop,
		   struct cw_batch *const *batches, size_t count, size_t jobs, cw_request_done done,
		   void *done_context, struct cw_error *error);

#endif
