#include "challenge_folder.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "beneath.h"

enum { FOLDER_MODE = 0755, TRIES = 8 };

static const char *const level_paths[LEVELS] = {".well-known", ".well-known/acme-challenge"};
static const char *const level_names[LEVELS] = {".well-known", "acme-challenge"};

void
challenge_folder_path(const struct challenge_folder *folder, int level, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", strcmp(folder->real, "/") == 0 ? "" : folder->real,
		 level_paths[level]);
}

/* The key in the shared store that tells the other workers of the run that one of them made a
 * folder. */
static void
made_key(const struct challenge_folder *folder, int level, char *key, size_t size)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
	char path[PATH_SIZE];

	challenge_folder_path(folder, level, path, sizeof(path));
	for (const char *byte = path; *byte != '\0'; byte++)
		hash = (hash ^ (unsigned char)*byte) * UINT64_C(1099511628211);
	snprintf(key, size, "made-%016llx", (unsigned long long)hash);
}

static int
made_by_this_run(const struct challenge_folder *folder, int level)
{
	char key[64], path[PATH_SIZE], *value = NULL;
	size_t length;
	int same;

	if (folder->made[level])
		return 1;
	made_key(folder, level, key, sizeof(key));
	if (folder->host->shared_get(folder->host, key, &value, &length) != CW_OK)
		return 0;
	challenge_folder_path(folder, level, path, sizeof(path));
	same = strcmp(value, path) == 0;
	cw_host_release(folder->host, value);
	return same;
}

static int
cannot(const struct challenge_folder *folder, int number, const char *what, const char *path)
{
	const struct cw_host *host = folder->host;

	switch (number) {
	case ENOENT:
	case ENOTDIR:
		return cw_host_fail(host, CW_E_NOT_FOUND,
				    "give the folder that the web server serves files from: -w "
				    "FOLDER",
				    "cannot %s \"%s\": %s", what, path, strerror(number));
	case EACCES:
	case EPERM:
		return cw_host_fail(host, CW_E_PERMISSION,
				    "run certwright as a user who may write there, or give another "
				    "webroot with -w",
				    "cannot %s \"%s\": %s", what, path, strerror(number));
	case EROFS:
		return cw_host_fail(host, CW_E_PERMISSION, CHALLENGE_READ_ONLY_HINT,
				    "cannot %s \"%s\": %s", what, path, strerror(number));
	default:
		return cw_host_fail(host, CW_E_IO, NULL, "cannot %s \"%s\": %s", what, path,
				    strerror(number));
	}
}

static int
not_followed(const struct challenge_folder *folder, const char *path, const struct refusal *refusal)
{
	return cw_host_fail(folder->host, CW_E_PERMISSION,
			    "replace the link with a folder, or let only root and the owner of the "
			    "webroot write to the folders that it leads through",
			    "the symbolic link at \"%s\" is not followed: other users can change "
			    "\"%s\"",
			    path, refusal->changeable);
}

/* Opens the webroot itself, which may be a link. */
static int
open_root(struct challenge_folder *folder)
{
	int root = open(folder->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *real;

	if (root < 0)
		return cannot(folder, errno, "open the webroot", folder->root);
	real = realpath(folder->root, NULL);
	if (real == NULL) {
		int number = errno;

		close(root);
		return cannot(folder, number, "open the webroot", folder->root);
	}
	free(folder->real);
	folder->real = real;
	return root;
}

static uid_t
owner_of(int descriptor)
{
	struct stat status;

	return fstat(descriptor, &status) == 0 ? status.st_uid : geteuid();
}

static int
is_empty(int descriptor)
{
	int copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;
	int empty = stream != NULL;

	if (stream == NULL) {
		if (copy >= 0)
			close(copy);
		return 0;
	}
	while (empty && (entry = readdir(stream)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(stream);
	return empty;
}

/*
 * Sets a new folder's mode and, unless a link led to it, the webroot's owner. If somebody has
 * replaced the folder, an empty folder of ours is no loss.
 */
static int
dress(const struct challenge_folder *folder, int root, int linked, int made, const char *path)
{
	struct stat status, of_root;

	if (fstat(made, &status) != 0 || status.st_uid != geteuid() || !is_empty(made))
		return CW_OK;
	if (fchmod(made, FOLDER_MODE) != 0)
		return cannot(folder, errno, "set the mode of", path);
	if (geteuid() == 0 && !linked && fstat(root, &of_root) == 0 &&
	    fchown(made, of_root.st_uid, of_root.st_gid) != 0)
		cw_host_log(folder->host, CW_LOG_DEBUG, "cannot change the owner of \"%s\": %s",
			    path, strerror(errno));
	return CW_OK;
}

int
undo_in_folder(const struct cw_host *host, int parent, const char *name, unsigned *undo)
{
	char path[64 + NAME_MAX];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", parent, name);
	return host->undo_remove(host, path, undo);
}

static int
make_level(struct challenge_folder *folder, int root, int parent, int linked, int level)
{
	const struct cw_host *host = folder->host;
	char path[PATH_SIZE], key[64];
	unsigned undo;
	mode_t umask_before;
	int status, made, number;

	challenge_folder_path(folder, level, path, sizeof(path));
	status = undo_in_folder(host, parent, level_names[level], &undo);
	if (status != CW_OK)
		return status;
	/* The folder must have its final mode at once, as another worker may use it first. */
	umask_before = umask(0);
	made = mkdirat(parent, level_names[level], FOLDER_MODE);
	number = errno;
	umask(umask_before);
	if (made != 0) {
		host->undo_done(host, undo);
		return number == EEXIST ? CW_OK : cannot(folder, number, "make the folder", path);
	}
	folder->made[level] = 1;
	folder->undo[level] = undo;
	made_key(folder, level, key, sizeof(key));
	host->shared_put(host, key, path, strlen(path));
	made = openat(parent, level_names[level], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (made < 0)
		return CW_OK; /* gone or replaced: the next open tells */
	status = dress(folder, root, linked, made, path);
	close(made);
	return status;
}

/* Another worker may remove an empty folder between the steps: try again. */
static int
open_level(struct challenge_folder *folder, int root, int parent, int *linked, int level)
{
	char path[PATH_SIZE];
	struct refusal refusal;

	challenge_folder_path(folder, level, path, sizeof(path));
	for (unsigned tries = 0;; tries++) {
		int is_link = 0;
		int opened = open_beneath(parent, level_names[level], owner_of(root), &is_link,
					  &refusal);
		int status;

		if (opened >= 0) {
			*linked |= is_link;
			return opened;
		}
		if (errno == EXDEV)
			return not_followed(folder, path, &refusal);
		if (errno != ENOENT || tries == TRIES || is_link)
			return cannot(folder, errno, "open", path);
		status = make_level(folder, root, parent, *linked, level);
		if (status != CW_OK)
			return status;
	}
}

int
challenge_folder_open(struct challenge_folder *folder)
{
	int linked = 0;
	int parent;

	if (folder->descriptors[LEVELS - 1] >= 0)
		return CW_OK;
	parent = folder->root_descriptor = open_root(folder);
	for (int level = 0; level < LEVELS && parent >= 0; level++)
		parent = folder->descriptors[level] =
			open_level(folder, folder->root_descriptor, parent, &linked, level);
	if (parent >= 0)
		return CW_OK;
	challenge_folder_close(folder);
	return parent;
}

static void
close_one(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

void
challenge_folder_close(struct challenge_folder *folder)
{
	for (int level = 0; level < LEVELS; level++)
		close_one(&folder->descriptors[level]);
	close_one(&folder->root_descriptor);
}

struct challenge_folder *
challenge_folder_new(const struct cw_host *host, const char *root)
{
	struct challenge_folder *folder = calloc(1, sizeof(*folder));

	if (folder == NULL)
		return NULL;
	folder->host = host;
	folder->root = strdup(root);
	folder->real = strdup("");
	folder->root_descriptor = -1;
	for (int level = 0; level < LEVELS; level++)
		folder->descriptors[level] = -1;
	if (folder->root != NULL && folder->real != NULL)
		return folder;
	challenge_folder_free(folder);
	return NULL;
}

void
challenge_folder_free(struct challenge_folder *folder)
{
	challenge_folder_close(folder);
	free(folder->root);
	free(folder->real);
	free(folder);
}

/* Whether NAME in the folder open at PARENT is still the same as DESCRIPTOR. */
static int
is_still(int parent, const char *name, int descriptor)
{
	struct stat there, ours;

	return fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(descriptor, &ours) == 0 && there.st_dev == ours.st_dev &&
	       there.st_ino == ours.st_ino;
}

static void
remove_level(struct challenge_folder *folder, int parent, int level)
{
	char path[PATH_SIZE], key[64];

	if (!made_by_this_run(folder, level))
		return;
	challenge_folder_path(folder, level, path, sizeof(path));
	if (!is_still(parent, level_names[level], folder->descriptors[level]))
		errno = ENOENT;
	else if (unlinkat(parent, level_names[level], AT_REMOVEDIR) == 0)
		errno = ENOENT;
	if (errno == ENOENT) {
		made_key(folder, level, key, sizeof(key));
		folder->host->shared_put(folder->host, key, NULL, 0);
	} else if (errno != ENOTEMPTY && errno != EEXIST) {
		cw_host_log(folder->host, CW_LOG_WARNING, "cannot remove the folder \"%s\": %s",
			    path, strerror(errno));
		return; /* keep the undo */
	}
	if (folder->made[level])
		folder->host->undo_done(folder->host, folder->undo[level]);
	folder->made[level] = 0;
}

void
challenge_folder_remove(struct challenge_folder *folder)
{
	if (folder->descriptors[LEVELS - 1] >= 0) {
		remove_level(folder, folder->descriptors[WELL_KNOWN], ACME_CHALLENGE);
		remove_level(folder, folder->root_descriptor, WELL_KNOWN);
	}
	challenge_folder_close(folder);
}
