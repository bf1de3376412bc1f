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
	char *root;              /* as the user gave it */
	char *real;              /* links resolved; "" until opened */
	unsigned undo[LEVELS];   /* of the levels that we made */
	int made[LEVELS];        /* 1: by this instance */
	int root_descriptor;     /* these stay open: -1 when they are not */
	int descriptors[LEVELS]; /* others may put another folder into the place of one */
	struct challenge_folder *next;
};

/* A folder for ROOT, not opened yet; NULL when memory is out. */
struct challenge_folder *challenge_folder_new(const struct cw_host *host, const char *root);
void challenge_folder_free(struct challenge_folder *folder);
/*
 * Opens the folder unless it is open, making what is missing of it: mode 0755 whatever the umask,
 * the owner being the webroot's when we are root. What is made is registered to be undone before.
 * Returns CW_OK, or a negative status, the current call's error being filled.
 */
int challenge_folder_open(struct challenge_folder *folder);
/* To open it anew. */
void challenge_folder_close(struct challenge_folder *folder);
/* Removes what was made by this run, if it is empty, and closes it. */
void challenge_folder_remove(struct challenge_folder *folder);
/* Registers, to be undone, that NAME in the folder open at PARENT is removed; a status of the host.
 */
int undo_in_folder(const struct cw_host *host, int parent, const char *name, unsigned *undo);
/* "" until opened. */
void challenge_folder_path(const struct challenge_folder *folder, int level, char *path,
			   size_t size);

#endif
