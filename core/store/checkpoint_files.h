/* The files of a checkpoint's folder, in Certbot's formats. For checkpoint*.c only. */
#ifndef CW_STORE_CHECKPOINT_FILES_H
#define CW_STORE_CHECKPOINT_FILES_H

#include <stdbool.h>
#include "base/error.h"
#include "base/strv.h"

#define CW_FILEPATHS "FILEPATHS" /* edited paths, one a line; line I's copy is BASENAME_I */
#define CW_NEW_FILES "NEW_FILES" /* created paths, one a line */
#define CW_COMMANDS "COMMANDS"   /* undo commands, CSV (RFC 4180), one a record */
#define CW_PLUGINS                                                                                 \
	"PLUGINS" /* what plugins undo, as CSV: plugin, data, options; certwright's own */
#define CW_CHANGES "CHANGES_SINCE"
#define CW_SECRETS "SECRETS"   /* paths of files with secrets, one a line; certwright's own */
#define CW_LINEAGES "LINEAGES" /* lineages whose secret files were edited, one a line; likewise */
#define CW_MAKER "MADE_BY"     /* one line; certwright's own, ignored by Certbot */

struct cw_checkpoints {
	char *work;
	char *config;
	char *maker; /* NULL: unknown */
	struct cw_strv lineages;
	bool opened_temporary;
	bool temporary; /* edits currently go to the temporary checkpoint */
};

char *cw_checkpoint_temporary_folder(const char *work);
char *cw_checkpoint_progress_folder(const char *work);
char *cw_checkpoint_backups_folder(const char *work);
/* The folder for files with secrets (checkpoint_secret.h), in the folder of a checkpoint. */
char *cw_checkpoint_secret_folder(const char *folder);

/* Appends the lines of the list NAME to LINES. Appends none if there is no such file. */
int cw_checkpoint_read_list(const char *folder, const char *name, struct cw_strv *lines,
			    struct cw_error *error);
/* Rewrites the list NAME. */
int cw_checkpoint_write_list(const char *folder, const char *name, const struct cw_strv *lines,
			     struct cw_error *error);
/* Returns the path of the copy for line INDEX, which is PATH. Release with free(). */
char *cw_checkpoint_copy_path(const char *folder, const char *path, size_t index);
/* Copies FROM to TO with all attributes, and syncs it. TO is replaced. */
int cw_checkpoint_copy(const char *from, const char *to, struct cw_error *error);

/* The records of CW_COMMANDS or CW_PLUGINS, in the order in which they were added. */
struct cw_checkpoint_commands {
	struct cw_strv *items;
	size_t count;
};
int cw_checkpoint_read_commands(const char *folder, const char *name,
				struct cw_checkpoint_commands *commands, struct cw_error *error);
int cw_checkpoint_write_commands(const char *folder, const char *name,
				 const struct cw_checkpoint_commands *commands,
				 struct cw_error *error);
void cw_checkpoint_add_command(struct cw_checkpoint_commands *commands, const struct cw_strv *argv);
void cw_checkpoint_clear_commands(struct cw_checkpoint_commands *commands);

/* Removes a reverted checkpoint. The order of the steps ensures that after a crash it is either
 * complete or has no effect. */
int cw_checkpoint_discard(const char *folder, struct cw_error *error);
/* Whether REAL (a path without links) is one of the store's own files below CONFIG. A rollback must
 * never restore an old key or certificate. */
bool cw_checkpoint_is_own(const char *config, const char *real);

#endif
