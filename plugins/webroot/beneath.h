/* Opens folders below a webroot. Other users may own some of them and swap them at any time. */
#ifndef WEBROOT_BENEATH_H
#define WEBROOT_BENEATH_H

#include <limits.h>
#include <sys/types.h>

/* Why a symbolic link was not followed. */
struct refusal {
	char changeable[PATH_MAX]; /* what another user can change; "" for other reasons */
};

/*
 * Opens the folder NAME in the folder open at PARENT, close-on-exec. Follows a symbolic link only
 * if nobody but root, the user of this process and OWNER, the owner of the webroot, can change the
 * link or a folder that it leads through. Returns the descriptor, and in *LINKED whether a link was
 * followed; or -1 with errno: EXDEV with REFUSAL if another user could change where the link leads,
 * ENOENT and others.
 */
int open_beneath(int parent, const char *name, uid_t owner, int *linked, struct refusal *refusal);

#endif
