#include "base/file.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_MORE = 4096, TEMPORARY_TRIES = 16, LINK_LENGTH_MAX = 65536 };

int
cw_fail_path(struct cw_error *error, int number, const char *action, const char *path)
{
	cw_autofree char *folder = error != NULL ? cw_path_folder(path) : NULL;
	int status = cw_fail_errno(error, number, "cannot %s \"%s\"", action, path);

	if (error == NULL)
		return status;
	switch (number) {
	case EACCES:
	case EPERM:
		if (geteuid() == 0)
			cw_hint(error, "check for an immutable file (lsattr), a read-only mount or "
				       "a security module that forbids this");
		else
			cw_hint(error, "run this as root, or give --config-dir, --work-dir and "
				       "--logs-dir folders that you can read and write");
		break;
	case EROFS:
		cw_hint(error,
			"\"%s\" is on a read-only file system: mount it writable, or give "
			"--config-dir, --work-dir and --logs-dir folders on another one; a service "
			"of systemd also needs it in ReadWritePaths=",
			folder);
		break;
	case ENOSPC:
	case EDQUOT:
		cw_hint(error, "free some space on the file system of \"%s\", then try again",
			folder);
		break;
	default: break;
	}
	return status;
}

/* Reads all that DESCRIPTOR has, at most MAX bytes; returns an errno, EFBIG when there is more. */
static int
read_all(int descriptor, size_t max, size_t expected, struct cw_buf *buf)
{
	size_t total = 0;

	/* One allocation where the size is right, so that no copy of a key stays in the heap. */
	cw_buf_reserve(buf, expected + 1);
	for (;;) {
		size_t room = buf->capacity - buf->length - 1;
		ssize_t got;

		if (room == 0) {
			cw_buf_reserve(buf, READ_MORE);
			continue;
		}
		got = read(descriptor, buf->data + buf->length, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			return 0;
		if ((size_t)got > max - total)
			return EFBIG;
		total += (size_t)got;
		cw_buf_grown(buf, (size_t)got);
		/* There was room for more than the file has. */
		if ((size_t)got < room && total == expected)
			return 0;
	}
}

/* Without O_NONBLOCK opening a pipe would wait for its writer. */
enum { READ_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

/* Reads from DESCRIPTOR, which open(2) gave for PATH. */
static int
read_opened(int descriptor, const char *path, size_t max, struct cw_buf *buf, struct stat *status,
	    struct cw_error *error)
{
	size_t before = buf->length;
	int number;

	if (descriptor < 0)
		return cw_fail_path(error, errno, "open", path);
	if (fstat(descriptor, status) != 0)
		return cw_fail_path(error, errno, "read", path);
	if (!S_ISREG(status->st_mode))
		return cw_fail(error, CW_E_INVALID, "\"%s\" is not a regular file", path);
	number = EFBIG;
	if (status->st_size >= 0 && (uintmax_t)status->st_size <= max)
		number = read_all(descriptor, max, (size_t)status->st_size, buf);
	if (number == 0)
		return CW_OK;
	if (buf->data != NULL)
		cw_buf_truncate(buf, before);
	if (number == EFBIG)
		return cw_fail(error, CW_E_INVALID, "\"%s\" is longer than %zu bytes", path, max);
	return cw_fail_path(error, number, "read", path);
}

int
cw_file_read(const char *path, size_t max, struct cw_buf *buf, struct cw_error *error)
{
	cw_autoclose int descriptor = open(path, READ_FLAGS);
	struct stat status;

	return read_opened(descriptor, path, max, buf, &status, error);
}

int
cw_file_read_and_stat(const char *path, size_t max, struct cw_buf *buf, struct stat *status,
		      struct cw_error *error)
{
	cw_autoclose int descriptor = open(path, READ_FLAGS | O_NOFOLLOW);

	if (descriptor < 0 && errno == ELOOP && lstat(path, status) == 0 &&
	    S_ISLNK(status->st_mode))
		return cw_file_read(path, max, buf, error);
	return read_opened(descriptor, path, max, buf, status, error);
}

/* Opens NAME in FOLDER, which it closes. Returns -1 with errno, ELOOP for a link. */
static int
step_down(int folder, const char *name, int flags)
{
	int opened = openat(folder, name, flags | O_NOFOLLOW);
	int number = errno;
	struct stat status;

	/* A link where a folder should be is "not a folder" to Linux. */
	if (opened < 0 && fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(status.st_mode))
		number = ELOOP;
	close(folder);
	errno = number;
	return opened;
}

int
cw_file_read_below(const char *folder, const char *path, size_t max, struct cw_buf *buf,
		   struct cw_error *error)
{
	cw_autofree char *whole = cw_format("%s/%s", folder, path);
	cw_autofree char *copy = cw_strdup(path);
	cw_auto_strv struct cw_strv parts = {0};
	cw_autoclose int at = -1;
	char *rest = copy;
	struct stat status;

	for (char *part = strtok_r(copy, "/", &rest); part != NULL;
	     part = strtok_r(NULL, "/", &rest))
		cw_strv_add(&parts, part);
	if (*path == '/' || parts.count == 0 || cw_strv_contains(&parts, ".."))
		return cw_fail(error, CW_E_INVALID, "\"%s\" is not a path below \"%s\"", path,
			       folder);
	at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i + 1 < parts.count && at >= 0; i++)
		at = step_down(at, parts.items[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at >= 0)
		at = step_down(at, parts.items[parts.count - 1], READ_FLAGS);
	if (at < 0 && errno == ELOOP)
		return cw_fail(error, CW_E_INVALID, "\"%s\" is a link, or behind one", whole);
	return read_opened(at, whole, max, buf, &status, error);
}

/* A file that is being made: a temporary name in the folder that the final one will be in. */
struct replacement {
	const char *path;
	const char *base;
	int folder;         /* descriptor */
	int file;           /* descriptor, -1: none */
	char temporary[40]; /* "": none to remove */
};

static void
replacement_end(struct replacement *replacement)
{
	if (replacement->temporary[0] != '\0')
		unlinkat(replacement->folder, replacement->temporary, 0);
	if (replacement->file >= 0)
		close(replacement->file);
	if (replacement->folder >= 0)
		close(replacement->folder);
}

static int
open_folder(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
replacement_begin(struct replacement *replacement, const char *path, struct cw_error *error)
{
	cw_autofree char *folder = cw_path_folder(path);

	replacement->path = path;
	replacement->base = cw_path_base(path);
	if (*replacement->base == '\0')
		return cw_fail(error, CW_E_INVALID, "\"%s\" is not the name of a file", path);
	replacement->folder = open_folder(folder);
	if (replacement->folder < 0)
		return cw_fail_path(error, errno, "open the folder", folder);
	return CW_OK;
}

/* Of a length of its own: the final name may be as long as names can be. */
static void
choose_temporary(struct replacement *replacement)
{
	unsigned char random[8];
	cw_autofree char *hex = NULL;

	cw_random(random, sizeof(random));
	hex = cw_hex(random, sizeof(random));
	snprintf(replacement->temporary, sizeof(replacement->temporary), ".cw-%s.tmp", hex);
}

/* Returns an errno. */
static int
make_temporary_file(struct replacement *replacement, mode_t mode)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;

	for (int tries = 0; tries < TEMPORARY_TRIES; tries++) {
		choose_temporary(replacement);
		replacement->file = openat(replacement->folder, replacement->temporary, flags,
					   mode & (S_IRUSR | S_IWUSR));
		if (replacement->file >= 0)
			return 0;
		/* Not ours, then. */
		replacement->temporary[0] = '\0';
		if (errno != EEXIST)
			return errno;
	}
	return EEXIST;
}

/* Owner first: a mode for a group must not hold for the group that the file had at first. Returns
 * an errno. */
static int
set_owner_and_mode(int file, const struct cw_file_mode *mode)
{
	bool owner, group;
	struct stat status;

	if (fstat(file, &status) != 0)
		return errno;
	owner = mode->owner != (uid_t)-1 && mode->owner != status.st_uid;
	group = mode->group != (gid_t)-1 && mode->group != status.st_gid;
	if ((owner || group) &&
	    fchown(file, owner ? mode->owner : (uid_t)-1, group ? mode->group : (gid_t)-1) != 0)
		return errno;
	return fchmod(file, mode->mode & 07777) == 0 ? 0 : errno;
}

int
cw_write_all(int descriptor, const void *data, size_t length)
{
	const char *next = data;

	while (length > 0) {
		ssize_t written = write(descriptor, next, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? errno : EIO;
		next += written;
		length -= (size_t)written;
	}
	return 0;
}

/* Returns an errno. */
static int
write_file(int file, const void *data, size_t length, bool sync)
{
	int number = cw_write_all(file, data, length);

	return number == 0 && sync && fsync(file) != 0 ? errno : number;
}

/* Gives the temporary the final name unless that is taken. Returns an errno. */
static int
rename_exclusive(struct replacement *replacement)
{
	int folder = replacement->folder;

#ifdef RENAME_NOREPLACE
	if (renameat2(folder, replacement->temporary, folder, replacement->base,
		      RENAME_NOREPLACE) == 0) {
		replacement->temporary[0] = '\0';
		return 0;
	}
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
#endif
	/* The kernel or file system cannot. The temporary name is removed by replacement_end(). */
	return linkat(folder, replacement->temporary, folder, replacement->base, 0) == 0 ? 0
											 : errno;
}

/* Returns an errno. */
static int
rename_over(struct replacement *replacement)
{
	if (renameat(replacement->folder, replacement->temporary, replacement->folder,
		     replacement->base) != 0)
		return errno;
	replacement->temporary[0] = '\0';
	return 0;
}

/* Returns an errno; file systems that cannot sync a folder need not. */
static int
sync_folder(int folder)
{
	return fsync(folder) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
}

int
cw_file_write(const char *path, const void *data, size_t length, const struct cw_file_mode *mode,
	      struct cw_error *error)
{
	cw_auto(replacement_end) struct replacement replacement = {.folder = -1, .file = -1};
	int status = replacement_begin(&replacement, path, error);
	int number;

	if (status != CW_OK)
		return status;
	number = make_temporary_file(&replacement, mode->mode);
	if (number != 0)
		return cw_fail_path(error, number, "create a file beside", path);
	number = set_owner_and_mode(replacement.file, mode);
	if (number != 0)
		return cw_fail_path(error, number, "set the owner and mode of", path);
	number = write_file(replacement.file, data, length, !mode->unsynced);
	if (number != 0)
		return cw_fail_path(error, number, "write", path);
	number = mode->exclusive ? rename_exclusive(&replacement) : rename_over(&replacement);
	if (number != 0)
		return cw_fail_path(error, number, mode->exclusive ? "make" : "replace", path);
	number = mode->unsynced ? 0 : sync_folder(replacement.folder);
	if (number != 0)
		return cw_fail_path(error, number, "sync the folder of", path);
	return CW_OK;
}

int
cw_file_symlink(const char *target, const char *path, struct cw_error *error)
{
	cw_auto(replacement_end) struct replacement replacement = {.folder = -1, .file = -1};
	int status = replacement_begin(&replacement, path, error);
	int number = EEXIST;

	if (status != CW_OK)
		return status;
	for (int tries = 0; tries < TEMPORARY_TRIES && number == EEXIST; tries++) {
		choose_temporary(&replacement);
		number = symlinkat(target, replacement.folder, replacement.temporary) == 0 ? 0
											   : errno;
	}
	if (number != 0)
		replacement.temporary[0] = '\0';
	else
		number = rename_over(&replacement);
	return number == 0 ? CW_OK : cw_fail_path(error, number, "create the link", path);
}

int
cw_file_readlink(const char *path, char **target, struct cw_error *error)
{
	*target = NULL;
	for (size_t capacity = 256; capacity <= LINK_LENGTH_MAX; capacity *= 2) {
		cw_autofree char *text = cw_alloc(capacity);
		ssize_t length = readlink(path, text, capacity);

		if (length < 0)
			return cw_fail_path(error, errno, "read the link", path);
		if ((size_t)length < capacity) {
			*target = cw_memdup(text, (size_t)length);
			return CW_OK;
		}
	}
	return cw_fail_path(error, ENAMETOOLONG, "read the link", path);
}

int
cw_folder_sync(const char *path, struct cw_error *error)
{
	cw_autoclose int folder = open_folder(path);
	int number = folder < 0 ? errno : sync_folder(folder);

	return number == 0 ? CW_OK : cw_fail_path(error, number, "sync the folder", path);
}
