/*
 * Replaces a file that is not ours (a server's configuration). Only its contents change: its owner,
 * mode, ACL, extended attributes and other names stay.
 */
#ifndef CW_STORE_REPLACE_H
#define CW_STORE_REPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include "base/error.h"
#include "base/file.h"

/* The size limit for files, in bytes. */
#define CW_REPLACE_MAX ((size_t)64 * 1024 * 1024)

struct cw_replacement {
	const void *data;
	size_t length; /* bytes */
	/* The file whose mode, ACL, extended attributes and, with TIMES, times it gets; NULL: mode
	 * 0644. The owner is that of the file replaced, else LIKE's where we may give it that. */
	const char *like;
	bool times;
	/* Given instead of all that, except for extended attributes other than the ACL: before
	 * anything is written. NULL: none is given. */
	const struct cw_file_mode *given;
	/* The file's status when it was read: if the file differs just before it is replaced,
	 * nothing is written, and CW_E_BUSY. NULL: not checked. */
	const struct stat *seen;
	bool absent; /* likewise: there was no file */
	/* A file to be made before PATH is rewritten in place: it tells that half of DATA may be
	 * there. NULL: none. */
	const char *note;
};

/*
 * Replaces PATH (no link: see cw_resolve_links()), made when missing: through a temporary file in
 * the same folder, synced, renamed, the folder synced. Where a rename would change more than what
 * the file says (a further hard link, an owner or ACL that we may not give, a mount on the file, a
 * folder that we may not write to), it is rewritten in place and synced; then a crash may leave
 * half of it, so there must be a copy.
 */
int cw_replace_file(const char *path, const struct cw_replacement *replacement,
		    struct cw_error *error);
/* Removes the temporary file that a killed cw_replace_file(PATH) left. */
void cw_replace_clean(const char *path);
/* Whether two calls of stat(2) saw the same, unchanged file. */
bool cw_is_unchanged(const struct stat *before, const struct stat *after);

/* PATH made absolute, with all links followed, also a last one to a file that does not exist yet;
 * its folder must exist. Release *REAL with free(). */
int cw_resolve_links(const char *path, char **real, struct cw_error *error);

#endif
