/* Undoing what ended runs left, with the plugins that are to undo some of it themselves. */
#ifndef CW_FLOW_WORK_UNDO_PLUGIN_H
#define CW_FLOW_WORK_UNDO_PLUGIN_H

#include "flow/context.h"
#include "store/undo.h"

/* cw_undo_replay() of all journals, where each plugin undoes its own in a process with the rights
 * that it had. Turns the context's loop. */
void cw_undo_what_was_left(struct cw_context *context);
/* How plugins undo what they have registered: each in a process of its own. */
struct cw_undo_plugins cw_undo_by_plugins(struct cw_context *context);

#endif
