/*
 * Rewriting many files at once: each is made under a temporary name in its folder; then all are
 * brought to the disk together, and renamed. One that was killed leaves the old file or the new
 * one, and costs the disk a few waits for all rather than a few for each.
 */
#ifndef CW_STORE_REWRITE_H
#define CW_STORE_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

struct cw_rewrite;

/* For files in FOLDER, which must be locked. */
struct cw_rewrite *cw_rewrite_new(const char *folder);
/* Drops what was added and not committed; NULL is allowed. */
void cw_rewrite_free(struct cw_rewrite *rewrite);
/* Adds new contents for the regular file NAME, whose owner and mode it keeps. CW_E_UNSUPPORTED when
 * it is a link, or has an owner that we may not give it. */
int cw_rewrite_add(struct cw_rewrite *rewrite, const char *name, const void *data, size_t length,
		   struct cw_error *error);
/* Durably replaces all files that were added. */
int cw_rewrite_commit(struct cw_rewrite *rewrite, struct cw_error *error);

/*
 * Overwrites the LENGTH bytes at OFFSET of the file PATH, which are OLD, with DATA when they lie
 * within one sector: then a crash leaves the old or the new ones, and nothing is waited for, as
 * either will do. False when it cannot be done so, or something else stands there.
 */
bool cw_rewrite_in_place(const char *path, size_t offset, const char *old, const char *data,
			 size_t length);

#endif
