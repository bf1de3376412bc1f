#include "store/logfile.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int log_descriptor = -1;
static char *log_path;

const char *
cw_logfile_current(void)
{
	return log_path;
}

char *
cw_logfile_path(const char *logs)
{
	return cw_format("%s/letsencrypt.log", logs);
}

/* "PATH.NUMBER", for 0 PATH itself; release with free(). */
static char *
numbered(const char *path, unsigned number)
{
	return number == 0 ? cw_strdup(path) : cw_format("%s.%u", path, number);
}

static int
rotate(const char *path, unsigned backups, struct cw_error *error)
{
	unsigned last = 0;
	struct stat status;

	if (backups == 0 || lstat(path, &status) != 0 ||
	    (S_ISREG(status.st_mode) && status.st_size == 0))
		return CW_OK;
	/* LAST is the file before the first gap; the one with the number BACKUPS is overwritten. */
	while (last + 1 < backups) {
		cw_autofree char *next = numbered(path, last + 1);

		if (!cw_file_exists(next))
			break;
		last++;
	}
	for (unsigned i = last + 1; i > 0; i--) {
		cw_autofree char *from = numbered(path, i - 1);
		cw_autofree char *to = numbered(path, i);

		/* A run that only reads takes no lock, and may have rotated meanwhile. */
		if (rename(from, to) != 0 && errno != ENOENT)
			return cw_fail_path(error, errno, "rotate the log", from);
	}
	return CW_OK;
}

static int
fail_open(const char *path, int number, struct cw_error *error)
{
	if (number != ELOOP)
		return cw_fail_path(error, number, "open the log", path);
	cw_fail(error, CW_E_PERMISSION, "the log \"%s\" is a symbolic link; links are not followed",
		path);
	cw_hint(error, "remove the link, or give another folder with --logs-dir");
	return CW_E_PERMISSION;
}

/* A file with a second name may belong to someone else. */
static int
check_names(const char *path, int descriptor, struct cw_error *error)
{
	struct stat status;

	if (fstat(descriptor, &status) != 0)
		return cw_fail_path(error, errno, "open the log", path);
	if (!S_ISREG(status.st_mode) || status.st_nlink <= 1)
		return CW_OK;
	cw_fail(error, CW_E_PERMISSION, "the log \"%s\" has another name (a hard link)", path);
	cw_hint(error, "remove that file, or give another folder with --logs-dir");
	return CW_E_PERMISSION;
}

int
cw_logfile_open(const char *logs, unsigned backups, struct cw_error *error)
{
	cw_autofree char *path = cw_logfile_path(logs);
	int descriptor, status;

	status = rotate(path, backups, error);
	if (status == CW_OK) {
		/* O_NONBLOCK: a pipe that nobody reads must not stop the run. */
		descriptor = open(path,
				  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY |
					  O_NONBLOCK | O_NOFOLLOW,
				  0600);
		status = descriptor < 0 ? fail_open(path, errno, error)
					: check_names(path, descriptor, error);
		if (status < 0 && descriptor >= 0)
			close(descriptor);
	}
	if (status != CW_OK) {
		cw_hint(error, "run this as root, or give another folder with --logs-dir");
		return status;
	}
	cw_log_set_file(descriptor);
	if (log_descriptor >= 0)
		close(log_descriptor);
	log_descriptor = descriptor;
	free(log_path);
	log_path = cw_take(&path);
	return CW_OK;
}
