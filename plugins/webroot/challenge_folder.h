/* The folder ROOT/.well-known/acme-challenge, made and removed as needed. */
#ifndef WEBROOT_CHALLENGE_FOLDER_H
#define WEBROOT_CHALLENGE_FOLDER_H

#include <certwright/plugin.h>
#include <limits.h>

/* The two levels below a webroot. */
enum { WELL_KNOWN, ACME_CHALLENGE, LEVELS };

/* Room for any path below a webroot; the kernel refuses paths that are too long. */
enum { PATH_SIZE = PATH_MAX + 512 };

/* What to do about EROFS. */
#define CHALLENGE_READ_ONLY_HINT                                                                   \
	"the folder is on a read-only file system: mount it writable; a service of systemd also "  \
	"needs it in ReadWritePaths="

struct challenge_folder {
	const struct cw_host *host;
	char *root;              /* as the user gave it */
	char *real;              /* links resolved; "" until opened */
	unsigned undo[LEVELS];   /* of the levels that we made */
	int made[LEVELS];        /* 1: by this instance */
	int root_descriptor;     /* kept open; -1: not open */
	int descriptors[LEVELS]; /* kept open, as other users may replace a folder */
	struct challenge_folder *next;
};

/* A folder for ROOT, not opened yet. NULL if out of memory. */
struct challenge_folder *challenge_folder_new(const struct cw_host *host, const char *root);
void challenge_folder_free(struct challenge_folder *folder);
/*
 * Opens the folder unless it is open. Makes what is missing, with mode 0755 whatever the umask and,
 * as root, the webroot's owner; registers the undo first. Returns CW_OK, or fails through the host.
 */
int challenge_folder_open(struct challenge_folder *folder);
/* Closes the folder, to open it again. */
void challenge_folder_close(struct challenge_folder *folder);
/* Removes what this run made, if it is empty, and closes the folder. */
void challenge_folder_remove(struct challenge_folder *folder);
/* Registers NAME in the folder open at PARENT for removal. Returns the service's status. */
int undo_in_folder(const struct cw_host *host, int parent, const char *name, unsigned *undo);
/* "" until opened. */
void challenge_folder_path(const struct challenge_folder *folder, int level, char *path,
			   size_t size);

#endif
