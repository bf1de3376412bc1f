/* Whether files whose contents this program obeys could be changed by other users. */
#ifndef CW_BASE_PERMISSIONS_H
#define CW_BASE_PERMISSIONS_H

#include <stdbool.h>
#include <sys/stat.h>
#include "error.h"

/* What lets other users change a file. */
struct cw_exposure {
	char *path;   /* the file itself, or a folder or link on the way to it; NULL: nothing */
	bool foreign; /* its owner is neither root nor this user; otherwise others can write to it
		       */
	bool itself;  /* it is the file itself */
};

#define cw_auto_exposure cw_auto(cw_exposure_clear)
void cw_exposure_clear(struct cw_exposure *exposure);

/*
 * Looks at the file or folder PATH, and at every folder and link that leads to it. Only root and
 * this user may own them and write to them. In a folder with the sticky bit, such as /tmp, others
 * may create files: they cannot replace what root or this user owns there. What cannot be looked at
 * is not exposed: who opens it will report that. EXPOSURE must be empty.
 */
void cw_permissions_look(const char *path, struct cw_exposure *exposure);

/* Sets for the whole process whether exposed files are refused (--strict-permissions) or named in a
 * warning. */
void cw_permissions_set_strict(bool strict);
bool cw_permissions_are_strict(void);
/*
 * Checks the file or folder PATH, which is WHAT ("the renewal file"). If it is exposed:
 * CW_E_PERMISSION if permissions are strict, else CW_OK and one warning for each path at fault.
 */
int cw_permissions_check(const char *what, const char *path, struct cw_error *error);
/* The same for one of many files that were read already. STATUS is that of the file, or of the link
 * if PATH is one. Consecutive files of one folder cost one look at the folder. */
int cw_permissions_check_read(const char *what, const char *path, const struct stat *status,
			      struct cw_error *error);
/* Warns if MODE lets other users read the file PATH, which is WHAT and has secrets. */
void cw_permissions_warn_readable(const char *what, const char *path, mode_t mode);

#endif
