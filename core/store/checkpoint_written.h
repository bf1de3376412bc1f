/*
 * Records of what our edits wrote, kept next to the checkpoint's copy of the original file, so that
 * a revert can tell our changes from someone else's. Certbot does not write them and ignores ours.
 * For checkpoint*.c only.
 */
#ifndef CW_STORE_CHECKPOINT_WRITTEN_H
#define CW_STORE_CHECKPOINT_WRITTEN_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/error.h"

/* Durably records that DATA is about to be written to PATH, or that it is about to be removed (DATA
 * NULL). The earlier record stays valid until cw_written_settle(). */
int cw_written_record(const char *folder, const char *path, const char *data, size_t length,
		      struct cw_error *error);
/* Call this when the edit was made. */
void cw_written_settle(const char *folder, const char *path);
/* Call this when the edit was not made. Only the earlier record is then valid. */
void cw_written_forget(const char *folder, const char *path);
/* The path of the note that cw_replace_file() leaves while it rewrites PATH in place; release with
 * free(). */
char *cw_written_note(const char *folder, const char *path);
/* Copies the record for PATH from FROM to TO, unless TO has one. */
int cw_written_merge(const char *from, const char *to, const char *path, struct cw_error *error);

/* What someone else did to a file since our last edit. */
enum cw_written_state {
	CW_WRITTEN_OURS,   /* nothing, or unknown (Certbot's checkpoint) */
	CW_WRITTEN_MERGED, /* only lines that are not ours were changed */
	CW_WRITTEN_THEIRS, /* our lines were changed, or the file was removed or created */
};

/* Checks REAL, the file that PATH leads to, whose original is COPY (NULL: it did not exist). For
 * CW_WRITTEN_MERGED, RESULT gets the current text without our edits. */
int cw_written_look(const char *folder, const char *path, const char *real, const char *copy,
		    enum cw_written_state *state, struct cw_buf *result, struct cw_error *error);

#endif
