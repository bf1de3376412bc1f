/*
 * Checkpoints of edits to a server's configuration, in Certbot's format: WORK/IN_PROGRESS/,
 * WORK/temp_checkpoint/, WORK/backups/<seconds.fraction>/, each with FILEPATHS, NEW_FILES,
 * COMMANDS, CHANGES_SINCE. A copy is on disk and synced before the file it protects is written.
 */
#ifndef CW_STORE_CHECKPOINT_H
#define CW_STORE_CHECKPOINT_H

#include <stdbool.h>
#include "base/error.h"
#include "base/strv.h"

struct cw_checkpoints;

/*
 * TEMPORARY: edits go to temp_checkpoint (challenges) rather than IN_PROGRESS. CONFIG is the
 * configuration directory: its certificates, keys and accounts are never edited nor put back. The
 * format has one set of folders for WORK, so one process at a time edits.
 */
struct cw_checkpoints *cw_checkpoints_open(const char *work, const char *config, bool temporary);
/* NULL is allowed; reverts nothing. */
void cw_checkpoints_close(struct cw_checkpoints *checkpoints);
/*
 * As struct cw_host's write_file, remove_file, checkpoint_command (certwright/plugin.h). A file
 * that has further hard links, or that a rename would not leave as it was, is rewritten in place
 * once its copy is synced. What is written already is no edit. CW_E_BUSY also when the file is part
 * of the temporary checkpoint and these edits are not. Of a link, remove() removes the link itself.
 */
int cw_checkpoints_write(struct cw_checkpoints *checkpoints, const char *path, const char *data,
			 size_t length, const char *expected, size_t expected_length,
			 struct cw_error *error);
int cw_checkpoints_remove(struct cw_checkpoints *checkpoints, const char *path,
			  struct cw_error *error);
int cw_checkpoints_command(struct cw_checkpoints *checkpoints, const char *const *argv,
			   struct cw_error *error);
/* Who makes the edits, in one line, for cw_checkpoints_makers(): recorded with what is kept. */
void cw_checkpoints_set_maker(struct cw_checkpoints *checkpoints, const char *maker);
/*
 * Keeps IN_PROGRESS as backups/<time>/ under TITLE; without edits it does nothing, and
 * CW_E_INVALID when these edits are temporary. NULL: the edits, and those that follow until
 * cw_checkpoints_revert(), belong to the temporary checkpoint.
 */
int cw_checkpoints_commit(struct cw_checkpoints *checkpoints, const char *title,
			  struct cw_error *error);
/* Reverts the temporary checkpoint, then IN_PROGRESS: undo commands (a failing one is logged), then
 * edited files, then created ones. On failure what could not be reverted stays recorded. */
int cw_checkpoints_revert(struct cw_checkpoints *checkpoints, struct cw_error *error);
/* The same after a crash, for any verb that writes: *REVERTED tells whether there was anything (a
 * server must reload then). */
int cw_checkpoints_recover(const char *work, const char *config, bool *reverted,
			   struct cw_error *error);
/* Reverts the COUNT newest finished checkpoints (and what an interrupted run left); CW_E_INVALID,
 * and nothing is done, when there are fewer. CW_E_BUSY, before anything of a checkpoint is
 * reverted, when somebody else changed its lines since. */
int cw_checkpoints_rollback(const char *work, const char *config, unsigned count,
			    struct cw_error *error);
/* Who made the COUNT newest finished checkpoints, the newest first: one string for each, "" where
 * none is recorded (Certbot's). Fewer where there are fewer. */
int cw_checkpoints_makers(const char *work, unsigned count, struct cw_strv *makers,
			  struct cw_error *error);

#endif
