#include "beneath.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK, LINKS_MAX = 40 };

struct walk {
	uid_t owner;
	unsigned links; /* followed so far */
	struct refusal *refusal;
};

static int
is_trusted(const struct walk *walk, uid_t user)
{
	return user == 0 || user == geteuid() || user == walk->owner;
}

/* Stores the path of NAME in the folder DESCRIPTOR (NULL: of the folder) as what other users can
 * change. */
static void
refuse(const struct walk *walk, int descriptor, const char *name)
{
	char *path = walk->refusal->changeable;
	size_t size = sizeof(walk->refusal->changeable);
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
	length = readlink(link, path, size - 1);
	path[length > 0 ? length : 0] = '\0';
	if (name != NULL || length <= 0)
		snprintf(path + strlen(path), size - strlen(path), "/%s", name != NULL ? name : "");
	errno = EXDEV;
}

/* Whether no other user can replace what is in the folder or, if LAST, add to it. Nobody can
 * replace another user's file in a sticky folder. */
static int
is_safe(const struct walk *walk, int folder, int last)
{
	struct stat status;

	if (fstat(folder, &status) != 0)
		return 0;
	if (is_trusted(walk, status.st_uid) &&
	    ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (!last && (status.st_mode & S_ISVTX))))
		return 1;
	refuse(walk, folder, NULL);
	return 0;
}

static int follow(struct walk *walk, int folder, const char *name);

/* Opens NAME in FOLDER, which is safe. */
static int
step(struct walk *walk, int folder, const char *name)
{
	int opened = openat(folder, name, FOLDER_FLAGS | O_NOFOLLOW);

	if (opened < 0 && (errno == ELOOP || errno == ENOTDIR))
		return follow(walk, folder, name);
	return opened;
}

/* Follows PATH from FOLDER, which it closes, and checks every folder on the way. */
static int
go(struct walk *walk, int folder, char *path)
{
	char *part;

	while (folder >= 0 && (part = strsep(&path, "/")) != NULL) {
		int next, number;

		if (*part == '\0' || strcmp(part, ".") == 0)
			continue;
		next = is_safe(walk, folder, 0) ? step(walk, folder, part) : -1;
		number = errno;
		close(folder);
		folder = next;
		errno = number;
	}
	return folder;
}

/* Follows the link NAME in FOLDER, which is safe, so the link cannot change meanwhile. */
static int
follow(struct walk *walk, int folder, const char *name)
{
	char target[PATH_MAX];
	struct stat status;
	ssize_t length;

	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	if (!S_ISLNK(status.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	if (!is_trusted(walk, status.st_uid)) {
		refuse(walk, folder, name);
		return -1;
	}
	length = readlinkat(folder, name, target, sizeof(target) - 1);
	if (length <= 0)
		return -1;
	target[length] = '\0';
	if (++walk->links > LINKS_MAX) {
		errno = ELOOP;
		return -1;
	}
	return go(walk, openat(folder, target[0] == '/' ? "/" : ".", FOLDER_FLAGS), target);
}

int
open_beneath(int parent, const char *name, uid_t owner, int *linked, struct refusal *refusal)
{
	struct walk walk = {.owner = owner, .refusal = refusal};
	int opened = openat(parent, name, FOLDER_FLAGS | O_NOFOLLOW);

	*linked = 0;
	refusal->changeable[0] = '\0';
	if (opened >= 0 || (errno != ELOOP && errno != ENOTDIR))
		return opened;
	*linked = 1;
	if (!is_safe(&walk, parent, 0))
		return -1;
	opened = follow(&walk, parent, name);
	if (opened >= 0 && !is_safe(&walk, opened, 1)) {
		close(opened);
		errno = EXDEV;
		return -1;
	}
	return opened;
}
