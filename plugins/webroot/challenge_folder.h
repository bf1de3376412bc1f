/* The folder ROOT/.well-known/acme-challenge, made and removed as needed. */
#ifndef WEBROOT_CHALLENGE_FOLDER_H
#define WEBROOT_CHALLENGE_FOLDER_H

#include <certwright/plugin.h>
#include <limits.h>

/* The two levels below a webroot. */
enum { WELL_KNOWN, ACME_CHALLENGE, LEVELS };

/* Room for any path below a webroot: what is too long for the kernel it refuses itself. */
enum { PATH_SIZE = PATH_MAX + 512 };

struct challenge_folder {
	const struct cw_host *host;
	char *root;            /* as the user gave it */
	char *real;            /* links resolved; "" until opened */
	unsigned undo[LEVELS]; /* of the levels that we made */
	int made[LEVELS];      /* 1: by this instance */
	struct challenge_folder *next;
};

/*
 * Opens the folder, making what is missing of it: mode 0755 whatever the umask, the owner being the
 * webroot's when we are root. What is made is registered to be undone before. Returns a descriptor,
 * or a negative status, the current call's error being filled.
 */
int challenge_folder_open(struct challenge_folder *folder);
/* Opens what challenge_folder_open() opened before, making nothing; -1 when it is gone. */
int challenge_folder_reopen(const struct challenge_folder *folder);
/* Removes what was made by this run, if it is empty. */
void challenge_folder_remove(struct challenge_folder *folder);
/* "" until opened. */
void challenge_folder_path(const struct challenge_folder *folder, int level, char *path,
			   size_t size);

#endif
