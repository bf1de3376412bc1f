#include "challenge_file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0644, TOKEN_MIN = 22, TOKEN_MAX = 200 };

static int
cannot(const struct cw_host *host, int number, const char *what, const char *path)
{
	switch (number) {
	case EACCES:
	case EPERM:
		return cw_host_fail(host, CW_E_PERMISSION,
				    "run certwright as a user who may write there, or give another "
				    "webroot with -w",
				    "cannot %s \"%s\": %s", what, path, strerror(number));
	case EROFS:
		return cw_host_fail(host, CW_E_PERMISSION, CHALLENGE_READ_ONLY_HINT,
				    "cannot %s \"%s\": %s", what, path, strerror(number));
	case ENOSPC:
	case EDQUOT:
		return cw_host_fail(host, CW_E_IO, "free some space there", "cannot %s \"%s\": %s",
				    what, path, strerror(number));
	default:
		return cw_host_fail(host, number == ENOENT ? CW_E_NOT_FOUND : CW_E_IO, NULL,
				    "cannot %s \"%s\": %s", what, path, strerror(number));
	}
}

static int
write_all(int descriptor, const char *data)
{
	size_t left = strlen(data);

	while (left > 0) {
		ssize_t wrote = write(descriptor, data, left);

		if (wrote < 0 && errno != EINTR)
			return -1;
		if (wrote > 0) {
			data += wrote;
			left -= (size_t)wrote;
		}
	}
	return 0;
}

/* Links the nameless file MADE into the folder as TOKEN. Returns 0 or the errno. */
static int
give_name(int descriptor, int made, const char *token)
{
	char source[64];

	snprintf(source, sizeof(source), "/proc/self/fd/%d", made);
	for (unsigned tries = 0; tries < 2; tries++) {
		if (linkat(AT_FDCWD, source, descriptor, token, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		/* Left by a killed run for the same challenge: nobody else knows the token. */
		if (errno != EEXIST || unlinkat(descriptor, token, 0) != 0)
			break;
	}
	return errno;
}

/*
 * The file has no name until it is complete, so nothing is left behind if we die. File systems
 * without nameless files use write_temporary().
 */
static int
write_nameless(int descriptor, const char *token, const char *data, struct stat *status)
{
#ifdef O_TMPFILE
	int made = openat(descriptor, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, FILE_MODE);
	int number;

	if (made < 0)
		return errno;
	if (write_all(made, data) != 0 || fchmod(made, FILE_MODE) != 0 || fstat(made, status) != 0)
		number = errno;
	else
		number = give_name(descriptor, made, token);
	close(made);
	return number;
#else
	return EOPNOTSUPP;
#endif
}

static int
write_temporary(const struct cw_host *host, int descriptor, const char *token, const char *data,
		struct stat *status)
{
	char name[TOKEN_MAX + 32];
	unsigned undo = 0;
	int made, number = 0;

	snprintf(name, sizeof(name), ".%s.%ld", token, (long)getpid());
	if (undo_in_folder(host, descriptor, name, &undo) != CW_OK)
		return EIO;
	made = openat(descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      FILE_MODE);
	if (made < 0 && errno == EEXIST && unlinkat(descriptor, name, 0) == 0)
		made = openat(descriptor, name,
			      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (made < 0) {
		number = errno;
	} else if (write_all(made, data) != 0 || fchmod(made, FILE_MODE) != 0 ||
		   fstat(made, status) != 0 || renameat(descriptor, name, descriptor, token) != 0) {
		number = errno;
		unlinkat(descriptor, name, 0);
	}
	if (made >= 0)
		close(made);
	host->undo_done(host, undo);
	return number;
}

/* 128 bits in base64url are 22 characters (RFC 8555 section 8.3): so nothing else in the folder
 * has such a name. */
static int
token_valid(const char *token)
{
	size_t length = strlen(token);

	return length >= TOKEN_MIN && length <= TOKEN_MAX &&
	       strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
		       length;
}

int
challenge_file_write(struct challenge_file *file, const struct cw_challenge *challenge)
{
	const struct cw_host *host = file->folder->host;
	int descriptor = file->folder->descriptors[ACME_CHALLENGE];
	const char *token = challenge->token;
	char folder[PATH_SIZE], path[PATH_SIZE + TOKEN_MAX + 2];
	struct stat status = {0};
	int result, number;

	if (!token_valid(token))
		return cw_host_fail(
			host, CW_E_PROTOCOL, NULL,
			"the CA's token for \"%s\" is too short or not a valid file name",
			challenge->identifier);
	challenge_folder_path(file->folder, ACME_CHALLENGE, folder, sizeof(folder));
	snprintf(path, sizeof(path), "%s/%s", folder, token);
	result = undo_in_folder(host, descriptor, token, &file->undo);
	if (result != CW_OK)
		return result;
	number = write_nameless(descriptor, token, challenge->validation, &status);
	/* The file system has no nameless files, or there is no /proc. */
	if (number == EOPNOTSUPP || number == EISDIR || number == EINVAL || number == ENOENT)
		number = write_temporary(host, descriptor, token, challenge->validation, &status);
	if (number != 0) {
		host->undo_done(host, file->undo);
		return cannot(host, number, "write", path);
	}
	file->written = 1;
	file->device = status.st_dev;
	file->inode = status.st_ino;
	return CW_OK;
}

void
challenge_file_remove(struct challenge_file *file, const char *token)
{
	const struct cw_host *host = file->folder->host;
	int descriptor = file->folder->descriptors[ACME_CHALLENGE];
	struct stat status;

	if (!file->written)
		return;
	if (fstatat(descriptor, token, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    status.st_dev == file->device && status.st_ino == file->inode &&
	    unlinkat(descriptor, token, 0) != 0) {
		cw_host_log(host, CW_LOG_WARNING, "cannot remove the challenge file \"%s/%s\": %s",
			    file->folder->real, token, strerror(errno));
		return;
	}
	host->undo_done(host, file->undo);
	file->written = 0;
}
