#include "store/rewrite.h"

#include "base/file.h"
#include "base/strv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* From so many files on, one syncfs() is cheaper than a sync of each. */
enum { MANY = 8, SECTOR = 512 };

struct cw_rewrite {
	char *folder;
	int descriptor; /* of the folder, -1: not opened yet */
	struct cw_strv names;
};

/* As cw_lineage_sweep() knows what a crash leaves. */
static char *
temporary_name(const char *name)
{
	return cw_format(".cw-%s.tmp", name);
}

struct cw_rewrite *
cw_rewrite_new(const char *folder)
{
	struct cw_rewrite *rewrite = cw_alloc(sizeof(*rewrite));

	rewrite->folder = cw_strdup(folder);
	rewrite->descriptor = -1;
	return rewrite;
}

void
cw_rewrite_free(struct cw_rewrite *rewrite)
{
	if (rewrite == NULL)
		return;
	for (size_t i = 0; i < rewrite->names.count; i++) {
		cw_autofree char *temporary = temporary_name(rewrite->names.items[i]);

		unlinkat(rewrite->descriptor, temporary, 0);
	}
	if (rewrite->descriptor >= 0)
		close(rewrite->descriptor);
	cw_strv_clear(&rewrite->names);
	free(rewrite->folder);
	free(rewrite);
}

/* Returns an errno. */
static int
fill(int file, const struct stat *old, const void *data, size_t length)
{
	struct stat made;

	if (fstat(file, &made) != 0)
		return errno;
	if ((made.st_uid != old->st_uid || made.st_gid != old->st_gid) &&
	    fchown(file, old->st_uid, old->st_gid) != 0)
		return errno;
	if ((made.st_mode & 07777) != (old->st_mode & 07777) &&
	    fchmod(file, old->st_mode & 07777) != 0)
		return errno;
	return cw_write_all(file, data, length);
}

/* A new file, readable to those who could read the old one; an earlier run may have left one. */
static int
make_temporary(int folder, const char *temporary, const struct stat *old)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int file = openat(folder, temporary, flags, old->st_mode & 0777);

	if (file >= 0 || errno != EEXIST || unlinkat(folder, temporary, 0) != 0)
		return file;
	return openat(folder, temporary, flags, old->st_mode & 0777);
}

int
cw_rewrite_add(struct cw_rewrite *rewrite, const char *name, const void *data, size_t length,
	       struct cw_error *error)
{
	cw_autofree char *temporary = temporary_name(name);
	cw_autofree char *path = cw_format("%s/%s", rewrite->folder, name);
	cw_autoclose int file = -1;
	struct stat old;
	int number;

	if (rewrite->descriptor < 0)
		rewrite->descriptor = open(rewrite->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rewrite->descriptor < 0)
		return cw_fail_path(error, errno, "open the folder", rewrite->folder);
	if (fstatat(rewrite->descriptor, name, &old, AT_SYMLINK_NOFOLLOW) != 0)
		return cw_fail_path(error, errno, "look at", path);
	if (!S_ISREG(old.st_mode))
		return cw_fail(error, CW_E_UNSUPPORTED, "\"%s\" is not a regular file", path);
	file = make_temporary(rewrite->descriptor, temporary, &old);
	if (file < 0)
		return cw_fail_path(error, errno, "write", path);
	number = fill(file, &old, data, length);
	if (number == 0) {
		cw_strv_add(&rewrite->names, name);
		return CW_OK;
	}
	unlinkat(rewrite->descriptor, temporary, 0);
	return number == EPERM
		       ? cw_fail(error, CW_E_UNSUPPORTED, "cannot keep the owner of \"%s\"", path)
		       : cw_fail_path(error, number, "write", path);
}

/* Returns an errno. */
static int
sync_all(const struct cw_rewrite *rewrite)
{
	if (rewrite->names.count >= MANY)
		return syncfs(rewrite->descriptor) == 0 ? 0 : errno;
	for (size_t i = 0; i < rewrite->names.count; i++) {
		cw_autofree char *temporary = temporary_name(rewrite->names.items[i]);
		cw_autoclose int file =
			openat(rewrite->descriptor, temporary, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

		if (file < 0 || fsync(file) != 0)
			return errno;
	}
	return 0;
}

int
cw_rewrite_commit(struct cw_rewrite *rewrite, struct cw_error *error)
{
	int number;

	if (rewrite->names.count == 0)
		return CW_OK;
	number = sync_all(rewrite);
	while (number == 0 && rewrite->names.count > 0) {
		const char *name = rewrite->names.items[rewrite->names.count - 1];
		cw_autofree char *temporary = temporary_name(name);

		if (renameat(rewrite->descriptor, temporary, rewrite->descriptor, name) != 0)
			number = errno;
		else
			cw_strv_remove(&rewrite->names, rewrite->names.count - 1);
	}
	if (number == 0 && fsync(rewrite->descriptor) != 0 && errno != EINVAL)
		number = errno;
	return number == 0 ? CW_OK
			   : cw_fail_path(error, number, "write the files in", rewrite->folder);
}

bool
cw_rewrite_in_place(const char *path, size_t offset, const char *old, const char *data,
		    size_t length)
{
	cw_autoclose int file = -1;
	char present[SECTOR];
	struct stat status;

	if (length == 0 || length > SECTOR || offset / SECTOR != (offset + length - 1) / SECTOR)
		return false;
	file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
	       pread(file, present, length, (off_t)offset) == (ssize_t)length &&
	       memcmp(present, old, length) == 0 &&
	       pwrite(file, data, length, (off_t)offset) == (ssize_t)length;
}
