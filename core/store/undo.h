/*
 * What is to be undone if a process dies: a journal of one file a process,
 * WORK/certwright/undo/<pid>-<start time>, written and synced before the thing it undoes is done.
 * Whoever finds a journal whose process is gone (the coordinator, or the next run) replays it
 * backwards and removes it.
 */
#ifndef CW_STORE_UNDO_H
#define CW_STORE_UNDO_H

#include <sys/types.h>
#include "base/error.h"

struct cw_undo;

/* Opens a journal for this process; the file is made by the first entry. */
struct cw_undo *cw_undo_open(const char *work);
/* PATH is absolute; /proc/self/fd/N/NAME is NAME in a folder that is open. It is removed from the
 * folder that has this path now, and from no other that takes its place. */
int cw_undo_add_path(struct cw_undo *undo, const char *path, unsigned *id, struct cw_error *error);
int cw_undo_add_command(struct cw_undo *undo, const char *const *argv, unsigned *id,
			struct cw_error *error);
/* The entry is not needed any more; the file goes with the last. */
int cw_undo_done(struct cw_undo *undo, unsigned id, struct cw_error *error);
void cw_undo_close(struct cw_undo *undo); /* leaves what is not done on disk; NULL is allowed */
/* Replays and removes the journals of processes that are gone; a live process' is left. PID: only
 * that process' (0: all). Failures are logged; a path is removed only if it is a file, a link or an
 * empty folder. */
void cw_undo_replay(const char *work, pid_t pid);

#endif
