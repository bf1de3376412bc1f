/* Removes our change from a text that someone else has changed since. */
#ifndef CW_BASE_MERGE_H
#define CW_BASE_MERGE_H

#include <stdbool.h>
#include "base/buf.h"

/*
 * We changed ORIGINAL to OURS, and someone else changed OURS to PRESENT. Fills RESULT with PRESENT
 * without our change, line by line. False, with an empty RESULT, if both changed the same lines or
 * if more than a few thousand lines differ.
 */
bool cw_merge_undo(const struct cw_buf *original, const struct cw_buf *ours,
		   const struct cw_buf *present, struct cw_buf *result);

#endif
