/*
 * What to undo if a process dies: each process has a journal, WORK/certwright/undo/<pid>-<start
 * time>, which is written and synced before the change that it undoes. The coordinator or the next
 * run replays the journal of a dead process backwards and removes it.
 */
#ifndef CW_STORE_UNDO_H
#define CW_STORE_UNDO_H

#include <sys/types.h>
#include "base/error.h"
#include "base/strv.h"

struct cw_undo;

/* Opens a journal for this process. The first entry creates the file. WORK NULL: the run keeps no
 * files, and nothing is recorded. */
struct cw_undo *cw_undo_open(const char *work);
/* The same for another process of ours, PID, which may not write itself. */
struct cw_undo *cw_undo_open_for(const char *work, pid_t pid);
/* Records that PATH, which is absolute, must be removed. /proc/self/fd/N/NAME is NAME in a folder
 * that is open. PATH is removed only from the folder that has this path now, not from another
 * folder that takes its place later. */
int cw_undo_add_path(struct cw_undo *undo, const char *path, unsigned *id, struct cw_error *error);
int cw_undo_add_command(struct cw_undo *undo, const char *const *argv, unsigned *id,
			struct cw_error *error);
/* Records what PLUGIN itself must undo. DATA is the plugin's. OPTIONS are what it needs to be
 * opened again. */
int cw_undo_add_plugin(struct cw_undo *undo, const char *plugin, const struct cw_strv *options,
		       const char *data, unsigned *id, struct cw_error *error);
/* Removes an entry that is not needed any more. The last one removes the file. */
int cw_undo_done(struct cw_undo *undo, unsigned id, struct cw_error *error);
void cw_undo_close(struct cw_undo *undo); /* leaves open entries on disk; NULL is allowed */
/* Has a plugin undo what cw_undo_add_plugin() recorded. */
struct cw_undo_plugins {
	int (*undo)(void *context, const char *plugin, const struct cw_strv *options,
		    const char *data, struct cw_error *error);
	void *context;
};
/* Replays and removes the journals of dead processes. PID: only that process (0: all). Failures are
 * logged; a path is removed only if it is a file, a link or an empty folder. PLUGINS NULL: there
 * are none, and a warning says what they should have undone. */
void cw_undo_replay(const char *work, pid_t pid, const struct cw_undo_plugins *plugins);

#endif
