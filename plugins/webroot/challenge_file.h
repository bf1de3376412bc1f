/* One challenge's file in the challenge folder. */
#ifndef WEBROOT_CHALLENGE_FILE_H
#define WEBROOT_CHALLENGE_FILE_H

#include <sys/types.h>
#include "challenge_folder.h"

struct challenge_file {
	struct challenge_folder *folder;
	unsigned undo;
	int written;
	dev_t device; /* of the file that we made, to know it again */
	ino_t inode;
};

/*
 * Writes the challenge's validation, as a whole, to its token's file in the folder, which is open:
 * mode 0644 whatever the umask. It is registered to be undone before. Returns CW_OK, or
 * a negative status, the current call's error being filled. Returns CW_E_NOT_FOUND when the folder
 * went away, which another try may mend.
 */
int challenge_file_write(struct challenge_file *file, const struct cw_challenge *challenge);
/* Removes the file unless another has taken its place. */
void challenge_file_remove(struct challenge_file *file, const char *token);

#endif
