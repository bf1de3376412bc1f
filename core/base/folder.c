#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PARENT_MODE = 0755, TREE_DEPTH_MAX = 64 };

/* Makes one folder whose parent exists; an existing one is fine. Returns an errno. */
static int
make_one_folder(const char *path, mode_t mode)
{
	struct stat status;
	mode_t wanted;

	if (mkdir(path, mode) != 0) {
		int number = errno;

		/* Some file systems say EROFS or EACCES before EEXIST. */
		if (cw_is_folder(path))
			return 0;
		return number == EEXIST ? ENOTDIR : number;
	}
	/* The umask may have taken bits away; a set-group-ID bit is inherited and stays. */
	if (lstat(path, &status) != 0)
		return errno;
	wanted = (mode & 07777) | (status.st_mode & S_ISGID);
	if (S_ISDIR(status.st_mode) && (status.st_mode & 07777) != wanted &&
	    chmod(path, wanted) != 0)
		return errno;
	return 0;
}

/* So that the new entry survives a power cut. A parent that we may not list cannot be synced. */
static int
sync_parent(const char *path, struct cw_error *error)
{
	cw_auto_error struct cw_error problem = {0};
	cw_autofree char *parent = cw_path_folder(path);

	if (cw_folder_sync(parent, &problem) == CW_E_PERMISSION)
		return CW_OK;
	return cw_error_move(error, &problem);
}

int
cw_folder_make(const char *path, mode_t mode, struct cw_error *error)
{
	cw_autofree char *work = cw_strdup(path);
	size_t length = strlen(work);

	while (length > 1 && work[length - 1] == '/')
		work[--length] = '\0';
	if (cw_is_folder(work))
		return CW_OK;
	for (char *slash = strchr(work + (*work == '/'), '/');; slash = strchr(slash + 1, '/')) {
		int number = 0;

		if (slash != NULL)
			*slash = '\0';
		if (slash == NULL || !cw_is_folder(work))
			number = make_one_folder(work, slash == NULL ? mode : PARENT_MODE);
		if (number != 0)
			return cw_fail_path(error, number, "make the folder", work);
		if (slash == NULL)
			return sync_parent(work, error);
		*slash = '/';
	}
}

static void
close_directory(DIR **directory)
{
	if (*directory != NULL)
		closedir(*directory);
}

/* Lists the folder behind DESCRIPTOR, which is closed. Returns an errno. */
static int
list_descriptor(int descriptor, struct cw_strv *names)
{
	cw_auto(close_directory) DIR *directory = fdopendir(descriptor);
	const struct dirent *entry;

	if (directory == NULL) {
		int number = errno;

		close(descriptor);
		return number;
	}
	while (errno = 0, (entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			cw_strv_add(names, entry->d_name);
	}
	return errno;
}

int
cw_folder_list(const char *path, bool missing_ok, struct cw_strv *names, struct cw_error *error)
{
	cw_auto_strv struct cw_strv found = {0};
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int number = folder < 0 ? errno : list_descriptor(folder, &found);

	if (number == ENOENT && missing_ok)
		return CW_OK;
	if (number != 0)
		return cw_fail_path(error, number, "list the folder", path);
	cw_strv_sort(&found);
	cw_strv_add_all(names, &found);
	return CW_OK;
}

/* Removes what NAME in the folder PARENT is; PATH says it in messages. */
static int
remove_at(int parent, const char *name, const char *path, int depth, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	cw_autoclose int folder = -1;
	int number, listed;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return CW_OK;
	number = errno;
	/* Linux says EISDIR of a folder, POSIX EPERM. Never through a link. */
	if (number == EISDIR || number == EPERM)
		folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return cw_fail_path(error, number == EISDIR ? errno : number, "remove", path);
	if (depth >= TREE_DEPTH_MAX)
		return cw_fail(error, CW_E_INVALID, "cannot remove \"%s\": too many folders deep",
			       path);
	listed = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	number = listed < 0 ? errno : list_descriptor(listed, &names);
	if (number != 0)
		return cw_fail_path(error, number, "list the folder", path);
	for (size_t i = 0; i < names.count; i++) {
		cw_autofree char *below = cw_format("%s/%s", path, names.items[i]);
		int status = remove_at(folder, names.items[i], below, depth + 1, error);

		if (status != CW_OK)
			return status;
	}
	if (unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
		return cw_fail_path(error, errno, "remove the folder", path);
	return CW_OK;
}

int
cw_tree_remove(const char *path, struct cw_error *error)
{
	const char *base = cw_path_base(path);

	/* "", "/", "." and "..": nobody means these. */
	if (*base == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
		return cw_fail(error, CW_E_INVALID, "refusing to remove \"%s\"", path);
	return remove_at(AT_FDCWD, path, path, 0, error);
}

int
cw_folder_check_writable(const char *path, struct cw_error *error)
{
	if (access(path, W_OK) == 0)
		return CW_OK;
	if (errno == ENOENT && strcmp(path, "/") != 0) {
		cw_autofree char *parent = cw_path_folder(path);

		return cw_folder_check_writable(parent, error);
	}
	return cw_fail_path(error, errno, "write to the folder", path);
}
