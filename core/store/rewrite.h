/*
 * Rewrites many files at once. Each is written under a temporary name in its folder. Then all of
 * them are synced together and renamed. After a crash, each file is either the old one or the new
 * one. The disk is waited for only a few times in total, instead of a few times for each file.
 */
#ifndef CW_STORE_REWRITE_H
#define CW_STORE_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

struct cw_rewrite;

/* Starts a rewrite of files in FOLDER, which must be locked. */
struct cw_rewrite *cw_rewrite_new(const char *folder);
/* Drops files that were added and not committed. NULL is allowed. */
void cw_rewrite_free(struct cw_rewrite *rewrite);
/* Adds new contents for the regular file NAME, which keeps its owner and mode. CW_E_UNSUPPORTED if
 * it is a link, or if it has an owner that we may not set. */
int cw_rewrite_add(struct cw_rewrite *rewrite, const char *name, const void *data, size_t length,
		   struct cw_error *error);
/* Durably replaces all files that were added. */
int cw_rewrite_commit(struct cw_rewrite *rewrite, struct cw_error *error);

/*
 * Overwrites LENGTH bytes at OFFSET of the file PATH, which must be OLD, with DATA. Does this only
 * if they lie within one sector: after a crash they are then either the old or the new bytes. It
 * does not wait for the disk, because both are fine. Returns false if it is not possible or the
 * file has other bytes there.
 */
bool cw_rewrite_in_place(const char *path, size_t offset, const char *old, const char *data,
			 size_t length);

#endif
