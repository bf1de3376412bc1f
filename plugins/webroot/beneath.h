/* Folders below a webroot, of which others may own some, and swap them at any time. */
#ifndef WEBROOT_BENEATH_H
#define WEBROOT_BENEATH_H

#include <limits.h>
#include <sys/types.h>

/* Why a symbolic link was not followed. */
struct refusal {
	char changeable[PATH_MAX]; /* what somebody else can change; "" when that was not the reason
				    */
};

/*
 * Opens the folder NAME in the folder open at PARENT, close-on-exec. A symbolic link is followed
 * only where neither it nor any folder that it leads through can be changed by anybody but root,
 * the user of this process and OWNER, who has the webroot. Returns the descriptor, *LINKED saying
 * whether a link was followed, or -1 with errno: ENOENT; EXDEV with REFUSAL when somebody else
 * could change where the link leads to; ...
 */
int open_beneath(int parent, const char *name, uid_t owner, int *linked, struct refusal *refusal);

#endif
