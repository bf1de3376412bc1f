#include "exposure.h"
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "memory.h"

enum { LINKS_MAX = 40 }; /* as Linux has it */

/* Where a path has led so far. */
struct walk {
	char *at; /* without links; "" for "/" */
	unsigned links;
	char *exposed;
};

static bool
is_foreign(const struct stat *status)
{
	return status->st_uid != 0 && status->st_uid != geteuid();
}

/* Notes whether others can change what is at PATH; false: they can. */
static bool
is_ours(struct walk *walk, const char *path, const struct stat *status)
{
	bool sticky = S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX) != 0;
	bool writable = !S_ISLNK(status->st_mode) && (status->st_mode & (S_IWGRP | S_IWOTH)) != 0;

	if (!is_foreign(status) && (!writable || sticky))
		return true;
	walk->exposed = memory_copy(path, strlen(path));
	return false;
}

static bool go(struct walk *walk, const char *path);

static bool
follow(struct walk *walk, const char *link)
{
	char target[PATH_MAX];
	ssize_t length = readlink(link, target, sizeof(target) - 1);

	if (length < 0 || ++walk->links > LINKS_MAX)
		return false;
	target[length] = '\0';
	if (*target == '/')
		*walk->at = '\0';
	return go(walk, target);
}

static bool
enter(struct walk *walk, const char *part, size_t length)
{
	autofree char *child = memory_format("%s/%.*s", walk->at, (int)length, part);
	struct stat status;

	if (lstat(child, &status) != 0 || !is_ours(walk, child, &status))
		return false;
	if (S_ISLNK(status.st_mode))
		return follow(walk, child);
	free(walk->at);
	walk->at = memory_copy(child, strlen(child));
	return true;
}

/* Goes along PATH; false: it ends before its end. */
static bool
go(struct walk *walk, const char *path)
{
	for (path += strspn(path, "/"); *path != '\0'; path += strspn(path, "/")) {
		size_t length = strcspn(path, "/");

		if (length == 2 && strncmp(path, "..", 2) == 0) {
			char *slash = strrchr(walk->at, '/');

			if (slash != NULL)
				*slash = '\0';
		} else if ((length != 1 || *path != '.') && !enter(walk, path, length)) {
			return false;
		}
		path += length;
	}
	return true;
}

char *
exposure_find(const char *path)
{
	struct walk walk = {.at = memory_copy("", 0)};

	go(&walk, path);
	free(walk.at);
	return walk.exposed;
}
