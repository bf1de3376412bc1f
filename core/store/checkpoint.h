/*
 * Checkpoints of edits to a server's configuration, in Certbot's format: WORK/IN_PROGRESS/,
 * WORK/temp_checkpoint/, WORK/backups/<seconds.fraction>/, each with FILEPATHS, NEW_FILES,
 * COMMANDS, CHANGES_SINCE. A copy is on disk and synced before the file it protects is written.
 */
#ifndef CW_STORE_CHECKPOINT_H
#define CW_STORE_CHECKPOINT_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/error.h"
#include "base/strv.h"
#include "store/undo.h"

struct cw_checkpoints;

/*
 * TEMPORARY: edits go to temp_checkpoint (challenges) rather than IN_PROGRESS. CONFIG is the
 * configuration directory: its certificates, keys and accounts are never edited or restored. As
 * WORK has only one set of folders, only one process edits at a time.
 */
struct cw_checkpoints *cw_checkpoints_open(const char *work, const char *config, bool temporary);
/* NULL is allowed; reverts nothing. */
void cw_checkpoints_close(struct cw_checkpoints *checkpoints);
/*
 * As struct cw_host's write_file, remove_file, checkpoint_command (certwright/plugin.h). A file
 * with more hard links, or whose attributes a rename would change, is rewritten in place after its
 * copy is synced. Writing the same contents is not an edit. CW_E_BUSY also if the file is part of
 * the temporary checkpoint and these edits are not. remove() removes a link itself.
 */
int cw_checkpoints_write(struct cw_checkpoints *checkpoints, const char *path, const char *data,
			 size_t length, const char *expected, size_t expected_length,
			 struct cw_error *error);
int cw_checkpoints_remove(struct cw_checkpoints *checkpoints, const char *path,
			  struct cw_error *error);
/* A file to be written, as struct cw_file (certwright/plugin.h) describes it. */
struct cw_checkpoint_file {
	const char *data; /* NULL: the file is removed */
	size_t length;
	const char *expected; /* NULL: whatever it says */
	size_t expected_length;
	bool secret; /* a file that has or had a private key in PEM always counts as secret */
	mode_t mode; /* 0: not given */
	uid_t owner; /* (uid_t)-1: not given */
	gid_t group; /* (gid_t)-1: not given */
};
/* Secret files are restored by a revert and by cw_checkpoints_undo(), but not by a rollback. */
int cw_checkpoints_put(struct cw_checkpoints *checkpoints, const char *path,
		       const struct cw_checkpoint_file *file, struct cw_error *error);
int cw_checkpoints_command(struct cw_checkpoints *checkpoints, const char *const *argv,
			   struct cw_error *error);
/* What PLUGIN undoes itself when the checkpoint is reverted; as cw_undo_add_plugin(). */
int cw_checkpoints_plugin(struct cw_checkpoints *checkpoints, const char *plugin,
			  const struct cw_strv *options, const char *data, struct cw_error *error);
/* How this process has plugins undo that; PLUGINS is copied. Until it is called there are none, and
 * a warning says what they should have undone. */
void cw_checkpoints_use_plugins(const struct cw_undo_plugins *plugins);
/* Who makes the edits, in one line, for cw_checkpoints_makers(). Recorded with the checkpoint. */
void cw_checkpoints_set_maker(struct cw_checkpoints *checkpoints, const char *maker);
/*
 * Keeps IN_PROGRESS as backups/<time>/ with TITLE; does nothing without edits. CW_E_INVALID if
 * these edits are temporary. TITLE NULL: these edits, and all edits until cw_checkpoints_revert(),
 * belong to the temporary checkpoint.
 */
int cw_checkpoints_commit(struct cw_checkpoints *checkpoints, const char *title,
			  struct cw_error *error);
/* Reverts the temporary checkpoint, then IN_PROGRESS: what plugins undo, then undo commands (a
 * failing one is logged), then edited files, then created ones. After a failure, what was not
 * reverted stays recorded. */
int cw_checkpoints_revert(struct cw_checkpoints *checkpoints, struct cw_error *error);
/* The same after a crash, for each verb that writes. *REVERTED: something was reverted, so the
 * server must be reloaded. */
int cw_checkpoints_recover(const char *work, const char *config, bool *reverted,
			   struct cw_error *error);
/* Reverts the COUNT newest finished checkpoints, and what an interrupted run left. CW_E_INVALID,
 * and nothing is done, if there are fewer. CW_E_BUSY, before a checkpoint is touched, if someone
 * else has changed its lines. */
int cw_checkpoints_rollback(const char *work, const char *config, unsigned count,
			    struct cw_error *error);
/* The same for the checkpoints of a change that has just failed: secret files are restored too. */
int cw_checkpoints_undo(const char *work, const char *config, unsigned count,
			struct cw_error *error);
/* The changes of all finished checkpoints are in use: what they have of secrets is removed. */
int cw_checkpoints_settle(const char *work, struct cw_error *error);
/* Of which lineages the edits are; recorded with a checkpoint that has secret files. */
void cw_checkpoints_set_lineages(struct cw_checkpoints *checkpoints, const struct cw_strv *names);
/* Adds the lineages whose secret files were edited under the COUNT newest finished checkpoints. */
int cw_checkpoints_lineages(const char *work, unsigned count, struct cw_strv *lineages,
			    struct cw_error *error);
/* Who made the COUNT newest finished checkpoints (or fewer, if there are fewer), newest first: one
 * string for each, "" if not recorded (Certbot's). */
int cw_checkpoints_makers(const char *work, unsigned count, struct cw_strv *makers,
			  struct cw_error *error);

#endif
