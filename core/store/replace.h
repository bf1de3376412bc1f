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
	/* The file whose mode, ACL and extended attributes PATH gets, and also its times with
	 * TIMES. NULL: mode 0644. The owner stays that of the replaced file. A new file gets LIKE's
	 * owner if we may set it. */
	const char *like;
	bool times;
	/* Mode and owner to set instead of those above, before anything is written. Extended
	 * attributes other than the ACL still come from LIKE. NULL: not used. */
	const struct cw_file_mode *given;
	/* The file's status when it was read. If the file differs just before it is replaced,
	 * nothing is written and the result is CW_E_BUSY. NULL: not checked. */
	const struct stat *seen;
	bool absent; /* the same check: there was no file when it was read */
	/* A file to be made before PATH is rewritten in place. It says that PATH may have only half
	 * of DATA. NULL: none. */
	const char *note;
};

/*
 * Replaces PATH, or makes it if it is missing. PATH must not be a link (see cw_resolve_links()).
 * Writes a temporary file in the same folder, syncs it, renames it and syncs the folder.
 *
 * A rename may change more than the contents: if there is a further hard link, an owner or ACL that
 * we may not set, or a mount on the file. Or it is impossible, because we may not write to the
 * folder. Then the file is rewritten in place and synced. A crash may then leave half of it, so
 * there must be a copy.
 */
int cw_replace_file(const char *path, const struct cw_replacement *replacement,
		    struct cw_error *error);
/* Removes the temporary file that a killed cw_replace_file(PATH) left. */
void cw_replace_clean(const char *path);
/* Whether two calls of stat(2) saw the same, unchanged file. */
bool cw_is_unchanged(const struct stat *before, const struct stat *after);

/* Makes PATH absolute and follows all links, also a last one to a file that does not exist yet. Its
 * folder must exist. Release *REAL with free(). */
int cw_resolve_links(const char *path, char **real, struct cw_error *error);

#endif
