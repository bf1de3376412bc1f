/*
 * What our edits made of a file, kept beside the checkpoint's copy of what it was: so that a revert
 * can tell our text from somebody else's. Certbot's checkpoints have no such thing, and it passes
 * ours by. For checkpoint*.c only.
 */
#ifndef CW_STORE_CHECKPOINT_WRITTEN_H
#define CW_STORE_CHECKPOINT_WRITTEN_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/error.h"

/* Records, synced, that PATH is about to say DATA, or with DATA NULL that it is about to go. What
 * was recorded before counts too until cw_written_settle(). */
int cw_written_record(const char *folder, const char *path, const char *data, size_t length,
		      struct cw_error *error);
/* The edit is made. */
void cw_written_settle(const char *folder, const char *path);
/* The edit is not made: only what was recorded before it counts. */
void cw_written_forget(const char *folder, const char *path);
/* The note that cw_replace_file() leaves when it rewrites PATH in place; release with free(). */
char *cw_written_note(const char *folder, const char *path);
/* Copies what is recorded for PATH in FROM to TO, unless something is recorded there. */
int cw_written_merge(const char *from, const char *to, const char *path, struct cw_error *error);

/* What somebody else did to a file since our last edit. */
enum cw_written_state {
	CW_WRITTEN_OURS,   /* nothing, or it cannot be told: Certbot's checkpoint */
	CW_WRITTEN_MERGED, /* other lines than ours were changed */
	CW_WRITTEN_THEIRS, /* our lines were changed, or the file went or came */
};

/* Looks at REAL, the file that PATH leads to, whose former text is COPY (NULL: it did not exist).
 * For CW_WRITTEN_MERGED fills RESULT with the present text without our edits. */
int cw_written_look(const char *folder, const char *path, const char *real, const char *copy,
		    enum cw_written_state *state, struct cw_buf *result, struct cw_error *error);

#endif
