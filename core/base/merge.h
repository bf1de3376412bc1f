/* Taking a change back out of a text that somebody else has changed since. */
#ifndef CW_BASE_MERGE_H
#define CW_BASE_MERGE_H

#include <stdbool.h>
#include "base/buf.h"

/*
 * OURS is what we made of ORIGINAL, PRESENT is what somebody else made of OURS. Fills RESULT with
 * PRESENT without our change, line by line. False, and RESULT is empty, when both changed the same
 * lines, or more than a few thousand lines differ.
 */
bool cw_merge_undo(const struct cw_buf *original, const struct cw_buf *ours,
		   const struct cw_buf *present, struct cw_buf *result);

#endif
