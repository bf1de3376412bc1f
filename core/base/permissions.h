/* Whether files whose contents this program obeys could be changed by other users. */
#ifndef CW_BASE_PERMISSIONS_H
#define CW_BASE_PERMISSIONS_H

#include <stdbool.h>
#include "error.h"

/* Says for the whole process whether what others could change is refused (--strict-permissions), or
 * named in a warning. */
void cw_permissions_set_strict(bool strict);
/*
 * Checks the file or folder PATH, links followed, which is WHAT ("the renewal file"): only root and
 * this user may own it, and nobody else may write to it. CW_E_PERMISSION where that is not so and
 * permissions are strict; else one warning for each PATH, and CW_OK. What cannot be looked at is
 * CW_OK: who opens it will say so.
 */
int cw_permissions_check(const char *what, const char *path, struct cw_error *error);

#endif
