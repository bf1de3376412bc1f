#include "store/lineage_exchange.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/stand_in.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif

enum { ATTRIBUTES_MAX = 65536 };

char *
cw_switched_target(const char *target, enum cw_kind kind, unsigned version)
{
	struct cw_version_name name = cw_version_name(kind, version);
	size_t folder = (size_t)(cw_path_base(target) - target);

	return cw_format("%.*s%s", (int)folder, target, name.text);
}

static void
close_folder(DIR **folder)
{
	if (*folder != NULL)
		closedir(*folder);
}

/* What else is ours in the folder; the last of them is about one certificate and goes with it. */
static const char *const further_files[] = {"README", CW_ORIGIN_FILE, CW_STAPLE_FILE};
enum { KEPT_FILES = 2 };

static bool
is_further_file(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(further_files); i++)
		if (strcmp(name, further_files[i]) == 0)
			return true;
	return false;
}

static bool
is_link_name(const char *name)
{
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		if (strcmp(name, cw_kind_link((enum cw_kind)i)) == 0)
			return true;
	}
	return false;
}

/* Whether the folder has the four links and our other files and nothing else. What a crash left of
 * a link that was being replaced is removed. */
static bool
has_only_ours(const char *path)
{
	cw_auto(close_folder) DIR *folder = opendir(path);
	const struct dirent *entry;
	bool ours = true;

	if (folder == NULL)
		return false;
	while (errno = 0, (entry = readdir(folder)) != NULL) {
		const char *name = entry->d_name;
		struct stat status;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || is_link_name(name))
			continue;
		if (cw_is_temporary(name) && unlinkat(dirfd(folder), name, 0) == 0)
			continue;
		if (!is_further_file(name) ||
		    fstatat(dirfd(folder), name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(status.st_mode))
			ours = false;
	}
	return ours && errno == 0;
}

/* Whether live/<name>/ can be exchanged; *STATUS is what it is like. */
static bool
is_plain(const struct cw_lineage *lineage, const char *folder, struct stat *status)
{
	cw_autofree char *above = cw_path_folder(folder);
	struct stat parent;

	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *own = cw_path_folder(lineage->live[i]);

		if (strcmp(own, folder) != 0 ||
		    strcmp(cw_path_base(lineage->live[i]), cw_kind_link((enum cw_kind)i)) != 0)
			return false;
	}
	return lstat(folder, status) == 0 && S_ISDIR(status->st_mode) &&
	       lstat(above, &parent) == 0 && parent.st_dev == status->st_dev &&
	       has_only_ours(folder);
}

#ifdef __linux__
/* ACLs are among them. */
static bool
copy_attributes(const char *from, int to)
{
	cw_autofree char *names = cw_alloc(ATTRIBUTES_MAX);
	cw_autofree char *value = cw_alloc(ATTRIBUTES_MAX);
	cw_autofree char *present = cw_alloc(ATTRIBUTES_MAX);
	ssize_t length = listxattr(from, names, ATTRIBUTES_MAX);

	if (length < 0)
		return errno == ENOTSUP;
	for (const char *name = names; name < names + length; name += strlen(name) + 1) {
		ssize_t size = getxattr(from, name, value, ATTRIBUTES_MAX);

		if (size < 0)
			return false;
		/* What every file of this folder gets may not be for us to set. */
		if (fgetxattr(to, name, present, ATTRIBUTES_MAX) == size &&
		    memcmp(present, value, (size_t)size) == 0)
			continue;
		if (fsetxattr(to, name, value, (size_t)size, 0) != 0)
			return false;
	}
	return true;
}
#else
static bool
copy_attributes(const char *from, int to)
{
	(void)from;
	(void)to;
	return true;
}
#endif

/* Gives a link the owner of the one that it replaces. */
static bool
copy_link_owner(const char *from, int folder, const char *name)
{
	struct stat old, new;

	if (lstat(from, &old) != 0 || fstatat(folder, name, &new, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	if (old.st_uid == new.st_uid && old.st_gid == new.st_gid)
		return true;
	return fchownat(folder, name, old.st_uid, old.st_gid, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
fill_successor(const struct cw_lineage *lineage, const struct cw_live *live, unsigned version,
	       const char *from, const struct stat *status, int to)
{
	struct stat made;

	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		enum cw_kind kind = (enum cw_kind)i;
		cw_autofree char *target =
			cw_switched_target(live->links[kind].target, kind, version);

		if (symlinkat(target, to, cw_kind_link(kind)) != 0 ||
		    !copy_link_owner(lineage->live[kind], to, cw_kind_link(kind)))
			return false;
	}
	/* The same files, so that all that belongs to them stays. */
	for (size_t i = 0; i < KEPT_FILES; i++) {
		cw_autofree char *file = cw_format("%s/%s", from, further_files[i]);

		if (linkat(AT_FDCWD, file, to, further_files[i], 0) != 0 && errno != ENOENT)
			return false;
	}
	if (fstat(to, &made) != 0)
		return false;
	if ((made.st_uid != status->st_uid || made.st_gid != status->st_gid) &&
	    fchown(to, status->st_uid, status->st_gid) != 0)
		return false;
	return fchmod(to, status->st_mode & 07777) == 0 && copy_attributes(from, to) &&
	       fsync(to) == 0;
}

/*
 * Removes the folder at PATH. What another program has put into live/<name>/ while it was being
 * exchanged is moved to FOLDER, where live/<name>/ is now.
 */
static int
remove_successor(const char *path, const char *folder, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	int status = cw_folder_list(path, true, &names, error);

	for (size_t i = 0; i < names.count && status == CW_OK; i++) {
		const char *name = names.items[i];
		cw_autofree char *file = cw_format("%s/%s", path, name);
		cw_autofree char *place = cw_format("%s/%s", folder, name);
		bool ours = is_link_name(name) || is_further_file(name);

		if (ours || cw_is_temporary(name) || cw_file_exists(place)) {
			if (unlink(file) != 0)
				status = cw_fail_path(error, errno, "remove", file);
		} else if (rename(file, place) != 0) {
			status = cw_fail_path(error, errno, "move back", file);
		}
	}
	if (status == CW_OK && rmdir(path) != 0 && errno != ENOENT)
		status = cw_fail_path(error, errno, "remove the folder", path);
	return status;
}

/* Returns an errno. */
static int
exchange(const char *path, const char *folder)
{
#ifdef RENAME_EXCHANGE
	return renameat2(AT_FDCWD, path, AT_FDCWD, folder, RENAME_EXCHANGE) == 0 ? 0 : errno;
#else
	(void)path;
	(void)folder;
	return ENOSYS;
#endif
}

int
cw_exchange_live(const struct cw_lineage *lineage, const struct cw_live *live, unsigned version,
		 struct cw_error *error)
{
	cw_autofree char *folder = cw_path_folder(lineage->live[CW_KIND_CERT]);
	cw_autofree char *above = cw_path_folder(folder);
	cw_autofree char *path = cw_successor_path(lineage);
	cw_autoclose int successor = -1;
	cw_auto_error struct cw_error problem = {0};
	struct stat status;
	bool done = false;

	if (!is_plain(lineage, folder, &status) || mkdir(path, S_IRWXU) != 0)
		return CW_E_UNSUPPORTED;
	successor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (successor >= 0 && fill_successor(lineage, live, version, folder, &status, successor))
		done = exchange(path, folder) == 0;
	if (!done) {
		remove_successor(path, folder, NULL);
		return CW_E_UNSUPPORTED;
	}
	if (cw_folder_sync(above, error) != CW_OK)
		return error == NULL ? CW_E_IO : error->status;
	/* What stays is removed by the next run. */
	if (remove_successor(path, folder, &problem) != CW_OK) {
		cw_autofree char *line = cw_error_line(&problem);

		cw_log_warning("%s", line);
	}
	return CW_OK;
}

/* The version of the links in a folder, 0: none or several. */
static unsigned
folder_version(const char *path)
{
	unsigned version = 0;

	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *link = cw_format("%s/%s", path, cw_kind_link((enum cw_kind)i));
		cw_autofree char *target = NULL;
		enum cw_kind kind;
		unsigned found;

		if (cw_file_readlink(link, &target, NULL) != CW_OK)
			continue;
		if (!cw_version_parse(cw_path_base(target), &kind, &found) ||
		    (version != 0 && version != found))
			return 0;
		version = found;
	}
	return version;
}

int
cw_exchange_recover(const struct cw_lineage *lineage, bool *switched, struct cw_error *error)
{
	cw_autofree char *folder = cw_path_folder(lineage->live[CW_KIND_CERT]);
	cw_autofree char *path = cw_successor_path(lineage);
	cw_auto_live struct cw_live live = {0};
	unsigned left, now;
	int status;

	if (!cw_file_exists(path))
		return CW_OK;
	status = cw_live_read(lineage, false, &live, error);
	if (status != CW_OK)
		return status;
	/* Before the exchange it has the newer links, afterwards the older ones. */
	left = folder_version(path);
	now = cw_live_version(&live);
	*switched = left != 0 && left < now;
	return remove_successor(path, folder, error);
}
