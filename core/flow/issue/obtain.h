/* Obtaining the certificates of a batch, in one process: orders, challenges, finalization, saving.
 */
#ifndef CW_FLOW_ISSUE_OBTAIN_H
#define CW_FLOW_ISSUE_OBTAIN_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "flow/work/workers.h"
#include "plugin/instance.h"

/* The work of a batch that names no other (flow/work/workers.h); reports each request when it is
 * saved or has failed. */
void cw_obtain_batch(struct cw_context *context, const struct cw_services *services,
		     struct cw_batch *requests, cw_report report, void *report_context);

#endif
