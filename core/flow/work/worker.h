/* The worker's side (flow/work/workers.h): what it shares with its coordinator, and its main
 * function.
 */
#ifndef CW_FLOW_WORK_WORKER_H
#define CW_FLOW_WORK_WORKER_H

#include <stdatomic.h>
#include "flow/work/channel.h"
#include "flow/work/workers.h"

/* A page that worker and coordinator share: the watchdog's. */
struct cw_pulse {
	_Atomic int64_t beat; /* cw_now_ms() of the last sign of life */
	_Atomic int in_call;  /* a plugin is running and no service of ours */
	char call[128];       /* "perform of the plugin webroot"; written before in_call is set */
};

/* Carries out a batch in this process, which is a fork of the coordinator; messages go to CHANNEL
 * (borrowed). Returns the exit status. */
int cw_worker_main(struct cw_context *context, struct cw_run *run, struct cw_batch *batch,
		   struct cw_channel *channel, struct cw_pulse *pulse);

/*
 * Messages, by their member "type":
 *   listen    worker: address, port              coordinator: answer, with the socket or by_run
 *   unlisten  worker: address, port              coordinator: answer
 *   ask       worker: kind, text, default, items coordinator: answer, with answer, choice or text
 *   result    worker: index, saved, ca_silent, result, error (of the batch's request with that
 *             index; the error is not in the result)
 *   answer    coordinator: error or null
 */

#endif
