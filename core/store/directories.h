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

/* Makes the missing ones: config and work 0755, logs 0700. The error names the folder and the
 * option that moves it. */
int cw_directories_make(const struct cw_directories *directories, struct cw_error *error);
/* --strict-permissions: CW_E_PERMISSION when one of them, or of the folders in them that hold what
 * is trusted, belongs to another user or has permissions beyond those that it is made with. */
int cw_directories_check(const struct cw_directories *directories, struct cw_error *error);
void cw_directories_clear(struct cw_directories *directories);

/*
 * WORK/certwright/NAME, for what Certbot knows nothing of; release *FOLDER with free(). With MAKE,
 * what is missing is made, 0700; without, CW_E_NOT_FOUND. What is in it is trusted (keys to be
 * used, programs to be run), so CW_E_PERMISSION when it, or WORK/certwright, belongs to another
 * user, is a link, or can be written to by others.
 */
int cw_private_folder(const char *work, const char *name, bool make, char **folder,
		      struct cw_error *error);
/* Removes the half-written files, of keys too, that killed runs left in WORK/certwright. The work
 * directory is locked. */
void cw_work_sweep(const char *work);

#endif
