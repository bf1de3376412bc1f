/* What every verb that writes begins and ends with: directories, locks, log file, and what a
 * crashed run left behind. */
#ifndef CW_FLOW_WORK_BEGIN_H
#define CW_FLOW_WORK_BEGIN_H

#include "flow/context.h"
#include "store/lock.h"

struct cw_run {
	struct cw_run_locks locks;
};

/* Makes the directories, takes the locks (waiting as --lock-timeout says), opens the log, and
 * recovers: undo journals of dead processes, unfinished checkpoints and lineages. */
int cw_run_begin(struct cw_context *context, struct cw_run *run, struct cw_error *error);
/* Releases the locks. */
void cw_run_end(struct cw_run *run);
#define cw_auto_run cw_auto(cw_run_end)

#endif
