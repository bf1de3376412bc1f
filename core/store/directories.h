/* The three directories of a run (--config-dir, --work-dir, --logs-dir), absolute. */
#ifndef CW_STORE_DIRECTORIES_H
#define CW_STORE_DIRECTORIES_H

#include <stdbool.h>
#include "base/error.h"

struct cw_directories {
	char *config; /* /etc/letsencrypt */
	char *work;   /* /var/lib/letsencrypt */
	char *logs;   /* /var/log/letsencrypt */
};

/* Creates the missing ones: config and work with mode 0755, logs with 0700. The error names the
 * folder; the hint names its option. */
int cw_directories_make(const struct cw_directories *directories, struct cw_error *error);
/* --strict-permissions: CW_E_PERMISSION if one of them, or of the trusted folders in them, belongs
 * to another user or has more permissions than it is created with. */
int cw_directories_check(const struct cw_directories *directories, struct cw_error *error);
/* Whether FOLDER is one of them. */
bool cw_directories_have(const struct cw_directories *directories, const char *folder);
/* Whether both paths lead to the same folder. */
bool cw_is_same_folder(const char *a, const char *b);
void cw_directories_clear(struct cw_directories *directories);

/*
 * Finds WORK/certwright/NAME, a folder for data that Certbot does not have. Release *FOLDER with
 * free(). With MAKE, missing folders are created with mode 0700. Without it, a missing folder is
 * CW_E_NOT_FOUND. Its contents are trusted (keys, commands to run). So CW_E_PERMISSION if it or
 * WORK/certwright belongs to another user, is a link, or can be written to by others.
 */
int cw_private_folder(const char *work, const char *name, bool make, char **folder,
		      struct cw_error *error);
/* Removes the incomplete files, also of keys, that killed runs left in WORK/certwright. The work
 * directory must be locked. */
void cw_work_sweep(const char *work);

#endif
