/* Starts and ends every verb that writes: folders, locks, the log file, and recovery from a crashed
 * run. */
#ifndef CW_FLOW_WORK_BEGIN_H
#define CW_FLOW_WORK_BEGIN_H

#include "flow/context.h"
#include "store/lock.h"

struct cw_run {
	struct cw_run_locks locks;
};

/* Makes the folders, takes the locks (waiting as --lock-timeout says) and opens the log. Then
 * recovers: undo journals of dead processes, unfinished checkpoints and unfinished lineages. */
int cw_run_begin(struct cw_context *context, struct cw_run *run, struct cw_error *error);
/* Releases the locks. */
void cw_run_end(struct cw_run *run);
#define cw_auto_run cw_auto(cw_run_end)

#endif
