/*
 * Checkpoints of edits to a server's configuration, in Certbot's format: WORK/IN_PROGRESS/,
 * WORK/temp_checkpoint/, WORK/backups/<seconds.fraction>/. Each has FILEPATHS, NEW_FILES, COMMANDS
 * and CHANGES_SINCE. Before a file is written, its copy is on disk and synced.
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
 * TEMPORARY: edits go to temp_checkpoint (for challenges), not to IN_PROGRESS. CONFIG is the
 * configuration directory. Its certificates, keys and accounts are never edited or restored. WORK
 * has only one set of these folders, so only one process may edit at a time.
 */
struct cw_checkpoints *cw_checkpoints_open(const char *work, const char *config, bool temporary);
/* Frees CHECKPOINTS without reverting anything. NULL is allowed. */
void cw_checkpoints_close(struct cw_checkpoints *checkpoints);
/*
 * Like write_file, remove_file and checkpoint_command of struct cw_host (certwright/plugin.h). If a
 * file has further hard links, or if a rename would change its attributes, it is rewritten in place
 * after its copy is synced. Writing the same contents is not an edit. CW_E_BUSY also if the file is
 * part of the temporary checkpoint and these edits are not. cw_checkpoints_remove() removes a link
 * itself, not its target.
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
	const char *expected; /* NULL: not checked */
	size_t expected_length;
	bool secret; /* a file that has or had a private key in PEM is always secret */
	mode_t mode; /* 0: not given */
	uid_t owner; /* (uid_t)-1: not given */
	gid_t group; /* (gid_t)-1: not given */
};
/* Secret files are restored by a revert and by cw_checkpoints_undo(), but not by a rollback. */
int cw_checkpoints_put(struct cw_checkpoints *checkpoints, const char *path,
		       const struct cw_checkpoint_file *file, struct cw_error *error);
int cw_checkpoints_command(struct cw_checkpoints *checkpoints, const char *const *argv,
			   struct cw_error *error);
/* Records what PLUGIN itself undoes when the checkpoint is reverted, like cw_undo_add_plugin(). */
int cw_checkpoints_plugin(struct cw_checkpoints *checkpoints, const char *plugin,
			  const struct cw_strv *options, const char *data, struct cw_error *error);
/* Sets how this process has plugins undo that. PLUGINS is copied. Before this is called there are
 * no plugins, and a warning says what they should have undone. */
void cw_checkpoints_use_plugins(const struct cw_undo_plugins *plugins);
/* Sets who makes the edits, as one line for cw_checkpoints_makers(). It is recorded with the
 * checkpoint. */
void cw_checkpoints_set_maker(struct cw_checkpoints *checkpoints, const char *maker);
/*
 * Keeps IN_PROGRESS as backups/<time>/ with TITLE. Does nothing if there are no edits. CW_E_INVALID
 * if these edits are temporary. If TITLE is NULL, these edits and all edits until
 * cw_checkpoints_revert() belong to the temporary checkpoint.
 */
int cw_checkpoints_commit(struct cw_checkpoints *checkpoints, const char *title,
			  struct cw_error *error);
/* Reverts the temporary checkpoint, then IN_PROGRESS. The order in each is: what plugins undo, undo
 * commands (a failure is only logged), edited files, created files. After a failure, everything
 * that was not reverted stays recorded. */
int cw_checkpoints_revert(struct cw_checkpoints *checkpoints, struct cw_error *error);
/* The same after a crash, for each verb that writes. *REVERTED: something was reverted, so the
 * server must be reloaded. */
int cw_checkpoints_recover(const char *work, const char *config, bool *reverted,
			   struct cw_error *error);
/* Reverts the COUNT newest finished checkpoints, and what an interrupted run left. If there are
 * fewer than COUNT, returns CW_E_INVALID and does nothing. If someone else has changed the lines of
 * a checkpoint, returns CW_E_BUSY before any checkpoint is touched. */
int cw_checkpoints_rollback(const char *work, const char *config, unsigned count,
			    struct cw_error *error);
/* The same for the checkpoints of a change that has just failed. Secret files are restored too. */
int cw_checkpoints_undo(const char *work, const char *config, unsigned count,
			struct cw_error *error);
/* Call this when the changes of all finished checkpoints are in use. Removes their copies of
 * secrets. */
int cw_checkpoints_settle(const char *work, struct cw_error *error);
/* Sets the lineages that the edits are for. They are recorded with a checkpoint that has secret
 * files. */
void cw_checkpoints_set_lineages(struct cw_checkpoints *checkpoints, const struct cw_strv *names);
/* Adds the lineages whose secret files were edited under the COUNT newest finished checkpoints. */
int cw_checkpoints_lineages(const char *work, unsigned count, struct cw_strv *lineages,
			    struct cw_error *error);
/* Adds who made the COUNT newest finished checkpoints (or fewer, if there are fewer), newest first:
 * one string for each, "" if not recorded (by Certbot). */
int cw_checkpoints_makers(const char *work, unsigned count, struct cw_strv *makers,
			  struct cw_error *error);

#endif
