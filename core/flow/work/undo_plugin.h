/* Undoes what earlier runs left. Plugins undo some of it themselves. */
#ifndef CW_FLOW_WORK_UNDO_PLUGIN_H
#define CW_FLOW_WORK_UNDO_PLUGIN_H

#include "flow/context.h"
#include "store/undo.h"

/* Calls cw_undo_replay() for all journals. Each plugin undoes its own entries, in a process with
 * the same rights as before. Turns the context's loop. */
void cw_undo_what_was_left(struct cw_context *context);
/* Returns the functions with which plugins undo what they registered, each in its own process. */
struct cw_undo_plugins cw_undo_by_plugins(struct cw_context *context);

#endif
