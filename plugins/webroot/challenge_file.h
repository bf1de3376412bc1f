/* One challenge's file in the challenge folder. */
#ifndef WEBROOT_CHALLENGE_FILE_H
#define WEBROOT_CHALLENGE_FILE_H

#include <sys/types.h>
#include "challenge_folder.h"

struct challenge_file {
	struct challenge_folder *folder;
	unsigned undo;
	int written;
	dev_t device; /* of our file, to recognize it */
	ino_t inode;
};

/*
 * Writes the challenge's validation to the token's file in the open folder, at once and with mode
 * 0644 whatever the umask. Registers the undo first. Returns CW_OK, or fails through the host:
 * CW_E_NOT_FOUND if the folder was removed; try again then.
 */
int challenge_file_write(struct challenge_file *file, const struct cw_challenge *challenge);
/* Removes the file, unless another file has replaced it. */
void challenge_file_remove(struct challenge_file *file, const char *token);

#endif
