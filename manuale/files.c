#include "files.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "say.h"

enum { FILE_MAX = 1024 * 1024, WAITING_MAX = 8 };

/* Written and not placed yet. */
static struct new_file *waiting[WAITING_MAX];
static size_t waiting_count;
static sigset_t signals_before;

void *
allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (memory == NULL)
		die_nomem();
	return memory;
}

char *
format(const char *pattern, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, pattern);
	if (vasprintf(&text, pattern, arguments) < 0)
		die_nomem();
	va_end(arguments);
	return text;
}

static char *
read_all(int descriptor, const char *path, const char *what)
{
	char *text = allocate(FILE_MAX + 1);
	size_t length = 0;
	ssize_t got;

	while ((got = read(descriptor, text + length, FILE_MAX + 1 - length)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			die("cannot read %s in \"%s\": %s", what, path, strerror(errno));
		length += (size_t)got;
		if (length > FILE_MAX)
			die("cannot read %s in \"%s\": the file is longer than 1 MiB", what, path);
	}
	text[length] = '\0';
	if (strlen(text) != length)
		die("cannot read %s in \"%s\": the file is not a text", what, path);
	return text;
}

char *
read_file(const char *path, const char *what)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	char *text;

	if (descriptor < 0 && errno == ENOENT)
		return NULL;
	if (descriptor < 0 || fstat(descriptor, &status) < 0)
		die("cannot read %s in \"%s\": %s", what, path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		die("cannot read %s in \"%s\": it is not a file", what, path);
	text = read_all(descriptor, path, what);
	close(descriptor);
	return text;
}

bool
file_exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

void
make_folder(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0)
		chmod(path, mode);
	else if (errno != EEXIST)
		die("cannot make the folder \"%s\": %s", path, strerror(errno));
}

static void
remove_waiting(void)
{
	for (size_t i = 0; i < waiting_count; i++)
		unlink(waiting[i]->temporary);
}

static void
hold_signals(void)
{
	static bool registered;
	sigset_t signals;

	if (!registered)
		atexit(remove_waiting);
	registered = true;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGQUIT);
	sigprocmask(SIG_BLOCK, &signals, &signals_before);
}

static bool
write_all(int descriptor, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t done = write(descriptor, text, left);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			text += done;
			left -= (size_t)done;
		}
	}
	return true;
}

struct new_file *
new_file_write(const char *path, const char *text, mode_t mode)
{
	struct new_file *file = allocate(sizeof(*file));
	int descriptor;

	if (waiting_count == WAITING_MAX)
		die("too many files at once");
	file->path = format("%s", path);
	file->temporary = format("%s.XXXXXX", path);
	if (waiting_count == 0)
		hold_signals();
	descriptor = mkostemp(file->temporary, O_CLOEXEC); /* readable by its owner alone */
	if (descriptor < 0)
		die("cannot write \"%s\": %s", path, strerror(errno));
	waiting[waiting_count++] = file;
	if (!write_all(descriptor, text) || fchmod(descriptor, mode) < 0 || fsync(descriptor) < 0)
		die("cannot write \"%s\": %s", path, strerror(errno));
	close(descriptor);
	return file;
}

/* So that the new name is there after a power cut. */
static void
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? format(".") : format("%.*s", (int)(slash - path + 1), path);
	int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (descriptor >= 0) {
		fsync(descriptor);
		close(descriptor);
	}
	free(folder);
}

static void
end(struct new_file *file)
{
	size_t at = 0;

	sync_folder(file->path);
	while (waiting[at] != file)
		at++;
	waiting[at] = waiting[--waiting_count];
	free(file->path);
	free(file->temporary);
	free(file);
	if (waiting_count == 0)
		sigprocmask(SIG_SETMASK, &signals_before, NULL);
}

void
new_file_place(struct new_file *file)
{
	if (rename(file->temporary, file->path) < 0)
		die("cannot write \"%s\": %s", file->path, strerror(errno));
	end(file);
}

void
write_file(const char *path, const char *text, mode_t mode)
{
	new_file_place(new_file_write(path, text, mode));
}

/* Some file systems cannot do the first, others not the second. */
static int
rename_to_new(const char *from, const char *path)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	return link(from, path) == 0 ? unlink(from) : -1;
}

void
write_new_file(const char *path, const char *text, mode_t mode)
{
	char *present = read_file(path, "the file");
	bool same = present != NULL && strcmp(present, text) == 0;
	struct new_file *file;

	free(present);
	if (same)
		return;
	file = new_file_write(path, text, mode);
	if (rename_to_new(file->temporary, file->path) < 0)
		die(errno == EEXIST ? "there is a file \"%s\" already: move it away"
				    : "cannot write \"%s\": %s",
		    file->path, strerror(errno));
	end(file);
}

void
remove_file(const char *path)
{
	if (unlink(path) < 0 && errno != ENOENT)
		warn("cannot remove \"%s\": %s", path, strerror(errno));
}
