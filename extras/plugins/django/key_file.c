#include "key_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int
belongs_to_others(const struct stat *status)
{
	return status->st_uid != 0 && status->st_uid != geteuid();
}

int
key_folder_make(const struct cw_host *host, const char *path)
{
	struct stat status;

	if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
		return cw_host_fail(host, CW_E_IO,
				    "make the folder above it, or give another one with "
				    "--django-key-directory",
				    "cannot make the folder \"%s\": %s", path, strerror(errno));
	if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
		return cw_host_fail(host, CW_E_IO, NULL, "\"%s\" is not a folder", path);
	if (belongs_to_others(&status) || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return cw_host_fail(host, CW_E_PERMISSION, "chown it to root, and chmod it to 700",
				    "other users can write to the folder of keys \"%s\"", path);
	return CW_OK;
}

static int
read_all(int descriptor, char *text, size_t size)
{
	size_t length = 0;
	ssize_t count = 1;

	while (length < size - 1 && count > 0) {
		count = read(descriptor, text + length, size - 1 - length);
		if (count < 0 && errno != EINTR)
			return 0;
		length += count > 0 ? (size_t)count : 0;
	}
	text[length] = '\0';
	return 1;
}

int
key_file_read(const struct cw_host *host, const char *path, char *text, size_t size)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	int result = CW_OK;

	if (descriptor < 0 && errno == ENOENT)
		return CW_E_NOT_FOUND;
	if (descriptor < 0 || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
		result = cw_host_fail(host, CW_E_IO, NULL, "cannot read the key \"%s\": %s", path,
				      descriptor < 0 ? strerror(errno) : "it is not a file");
	else if (belongs_to_others(&status))
		result = cw_host_fail(host, CW_E_PERMISSION,
				      "if it was you who put it there, chown it to root",
				      "the key \"%s\" belongs to another user", path);
	else if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		result = cw_host_fail(host, CW_E_PERMISSION,
				      "if it was never read, chmod it to 600; else remove it, so "
				      "that a new key is made",
				      "other users have access to the key \"%s\"", path);
	else if (!read_all(descriptor, text, size))
		result = cw_host_fail(host, CW_E_IO, NULL, "cannot read the key \"%s\": %s", path,
				      strerror(errno));
	if (descriptor >= 0)
		close(descriptor);
	return result;
}

static int
write_all(int descriptor, const char *text)
{
	size_t length = strlen(text);

	while (length > 0) {
		ssize_t count = write(descriptor, text, length);

		if (count < 0 && errno != EINTR)
			return 0;
		if (count > 0) {
			text += count;
			length -= (size_t)count;
		}
	}
	return fsync(descriptor) == 0;
}

/* Has the folder of PATH survive a crash as it is now. */
static int
sync_folder(const char *path)
{
	char *folder = strdup(path), *slash = folder != NULL ? strrchr(folder, '/') : NULL;
	int descriptor, done;

	if (slash == NULL) {
		free(folder);
		return 0;
	}
	slash[slash == folder] = '\0';
	descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	done = descriptor >= 0 && fsync(descriptor) == 0;
	if (descriptor >= 0)
		close(descriptor);
	free(folder);
	return done;
}

/* Writes TEXT to the open file TEMPORARY, and gives it the name PATH. */
static int
write_and_name(int descriptor, const char *temporary, const char *path, mode_t mode,
	       const char *text)
{
	int done = write_all(descriptor, text) && fchmod(descriptor, mode) == 0 &&
		   link(temporary, path) == 0 && sync_folder(path);
	int reason = errno;

	close(descriptor);
	unlink(temporary);
	errno = reason;
	return done;
}

int
key_file_make(const struct cw_host *host, const char *path, mode_t mode, const char *text)
{
	size_t size = strlen(path) + sizeof(".XXXXXX");
	char *temporary = malloc(size);
	int descriptor = -1, done = 0, reason;

	if (temporary == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	snprintf(temporary, size, "%s.XXXXXX", path);
	/* Of mode 0600. */
	descriptor = mkstemp(temporary);
	if (descriptor >= 0)
		done = write_and_name(descriptor, temporary, path, mode, text);
	reason = errno;
	free(temporary);
	if (done)
		return CW_OK;
	if (reason == EEXIST)
		return CW_E_EXISTS;
	return cw_host_fail(host, CW_E_IO,
			    "check the rights of the folder, or give another one with "
			    "--django-key-directory",
			    "cannot write \"%s\": %s", path, strerror(reason));
}
