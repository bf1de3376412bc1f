/* What every verb that writes begins and ends with: directories, locks, log file, and what a
 * crashed run left behind. */
#ifndef CW_FLOW_WORK_BEGIN_H
#define CW_FLOW_WORK_BEGIN_H

#include "flow/context.h"
#include "flow/work/breaker.h"
#include "store/lock.h"

struct cw_run {
	struct cw_run_locks locks;
	char *shared_folder; /* WORK/certwright/run: the workers' shared store; NULL: not made */
	struct cw_breaker breaker;
};

/* Makes the directories, takes the locks (waiting as --lock-timeout says), opens the log, and
 * recovers: undo journals of dead processes, unfinished checkpoints and lineages. */
int cw_run_begin(struct cw_context *context, struct cw_run *run, struct cw_error *error);
/* Makes the shared folder, which only a run with workers needs, unless it is there. */
int cw_run_share(struct cw_context *context, struct cw_run *run, struct cw_error *error);
/* Releases the locks and removes the shared folder. */
void cw_run_end(struct cw_run *run);
#define cw_auto_run cw_auto(cw_run_end)
/* In a worker: forgets the locks without releasing them. */
void cw_run_abandon(struct cw_run *run);

#endif
