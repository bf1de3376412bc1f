#include "challenge_folder.h"
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

/* The key by which the workers of a run tell each other that a folder was made by one of them. */
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
	case EXDEV:
	case ELOOP:
		return cw_host_fail(host, CW_E_PERMISSION,
				    "replace that link by a folder, or give the webroot that it "
				    "leads to",
				    "a symbolic link at \"%s\" leads out of the webroot \"%s\"",
				    path, folder->root);
	case ENOENT:
	case ENOTDIR:
		return cw_host_fail(host, CW_E_NOT_FOUND,
				    "give the folder that the web server serves files from: -w "
				    "FOLDER",
				    "cannot %s \"%s\": %s", what, path, strerror(number));
	case EACCES:
	case EPERM:
	case EROFS:
		return cw_host_fail(host, CW_E_PERMISSION,
				    "run this as a user who may write there, or give another "
				    "webroot with -w",
				    "cannot %s \"%s\": %s", what, path, strerror(number));
	default:
		return cw_host_fail(host, CW_E_IO, NULL, "cannot %s \"%s\": %s", what, path,
				    strerror(number));
	}
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

/* Gives a new folder its mode and owner. */
static int
dress(const struct challenge_folder *folder, int root, int made, const char *path)
{
	struct stat status;

	if (fchmod(made, FOLDER_MODE) != 0)
		return cannot(folder, errno, "set the mode of", path);
	if (geteuid() == 0 && fstat(root, &status) == 0 &&
	    fchown(made, status.st_uid, status.st_gid) != 0)
		cw_host_log(folder->host, CW_LOG_DEBUG, "cannot change the owner of \"%s\": %s",
			    path, strerror(errno));
	return CW_OK;
}

static int
make_level(struct challenge_folder *folder, int root, int parent, int level)
{
	const struct cw_host *host = folder->host;
	char path[PATH_SIZE], key[64];
	unsigned undo;
	int status, made;

	challenge_folder_path(folder, level, path, sizeof(path));
	status = host->undo_remove(host, path, &undo);
	if (status != CW_OK)
		return status;
	if (mkdirat(parent, level_names[level], FOLDER_MODE) != 0) {
		int number = errno;

		host->undo_done(host, undo);
		return number == EEXIST ? CW_OK : cannot(folder, number, "make the folder", path);
	}
	folder->made[level] = 1;
	folder->undo[level] = undo;
	made_key(folder, level, key, sizeof(key));
	host->shared_put(host, key, path, strlen(path));
	made = openat(parent, level_names[level], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (made < 0)
		return errno == ENOENT ? CW_OK : cannot(folder, errno, "open", path);
	status = dress(folder, root, made, path);
	close(made);
	return status;
}

/* Another worker may remove a folder, empty just then, between the steps: try again. */
static int
open_level(struct challenge_folder *folder, int root, int parent, int level)
{
	char path[PATH_SIZE];

	challenge_folder_path(folder, level, path, sizeof(path));
	for (unsigned tries = 0;; tries++) {
		int opened = open_beneath(root, level_paths[level]);
		int status;

		if (opened >= 0)
			return opened;
		if (errno != ENOENT || tries == TRIES)
			return cannot(folder, errno, "open", path);
		status = make_level(folder, root, parent, level);
		if (status != CW_OK)
			return status;
	}
}

int
challenge_folder_open(struct challenge_folder *folder)
{
	int root = open_root(folder);
	int well_known, opened;

	if (root < 0)
		return root;
	well_known = open_level(folder, root, root, WELL_KNOWN);
	if (well_known < 0) {
		close(root);
		return well_known;
	}
	opened = open_level(folder, root, well_known, ACME_CHALLENGE);
	close(well_known);
	close(root);
	return opened;
}

static int
open_real(const struct challenge_folder *folder)
{
	return *folder->real != '\0' ? open(folder->real, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

int
challenge_folder_reopen(const struct challenge_folder *folder)
{
	int root = open_real(folder);
	int opened;

	if (root < 0)
		return -1;
	opened = open_beneath(root, level_paths[ACME_CHALLENGE]);
	close(root);
	return opened;
}

static void
remove_level(struct challenge_folder *folder, int parent, int level)
{
	char path[PATH_SIZE], key[64];

	challenge_folder_path(folder, level, path, sizeof(path));
	if (unlinkat(parent, level_names[level], AT_REMOVEDIR) == 0 || errno == ENOENT) {
		made_key(folder, level, key, sizeof(key));
		folder->host->shared_put(folder->host, key, NULL, 0);
	} else if (errno != ENOTEMPTY && errno != EEXIST) {
		cw_host_log(folder->host, CW_LOG_WARNING, "cannot remove the folder \"%s\": %s",
			    path, strerror(errno));
		return; /* what is to be undone stays so */
	}
	if (folder->made[level])
		folder->host->undo_done(folder->host, folder->undo[level]);
	folder->made[level] = 0;
}

void
challenge_folder_remove(struct challenge_folder *folder)
{
	int root = open_real(folder);
	int well_known;

	if (root < 0)
		return;
	if (made_by_this_run(folder, ACME_CHALLENGE)) {
		well_known = open_beneath(root, level_paths[WELL_KNOWN]);
		if (well_known >= 0) {
			remove_level(folder, well_known, ACME_CHALLENGE);
			close(well_known);
		}
	}
	if (made_by_this_run(folder, WELL_KNOWN))
		remove_level(folder, root, WELL_KNOWN);
	close(root);
}
