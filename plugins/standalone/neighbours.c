#include "neighbours.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 512, VALUE_MAX = 64 * 1024, TRIES = 8 };

static const char own_prefix[] = "run-";

struct neighbour {
	char path[PATH_SIZE];
	int descriptor; /* of the folder, locked */
};

/* Where it is the same for all runs of a user, and gone after a reboot. */
static int
base_path(char *path)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	uid_t user = geteuid();
	int length;

	if (user == 0 && access("/run", W_OK) == 0)
		length = snprintf(path, PATH_SIZE, "/run/certwright-standalone");
	else if (user != 0 && runtime != NULL && *runtime == '/')
		length = snprintf(path, PATH_SIZE, "%s/certwright-standalone", runtime);
	else
		length = snprintf(path, PATH_SIZE, "/tmp/certwright-standalone-%lu",
				  (unsigned long)user);
	return length > 0 && length < PATH_SIZE / 2;
}

/* Opens it if nobody else can have put anything there. */
static int
open_base(int make)
{
	char path[PATH_SIZE];
	struct stat status;
	int descriptor;

	if (!base_path(path) || (make && mkdir(path, 0700) != 0 && errno != EEXIST))
		return -1;
	descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (descriptor < 0)
		return -1;
	if (fstat(descriptor, &status) != 0 || status.st_uid != geteuid() ||
	    (status.st_mode & 077) != 0) {
		close(descriptor);
		return -1;
	}
	return descriptor;
}

static DIR *
list(int descriptor)
{
	int copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = copy >= 0 ? fdopendir(copy) : NULL;

	if (folder == NULL && copy >= 0)
		close(copy);
	return folder;
}

static void
empty(int descriptor)
{
	DIR *folder = list(descriptor);
	const struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(descriptor, entry->d_name, 0);
	if (folder != NULL)
		closedir(folder);
}

static int
is_run(const char *name)
{
	return strncmp(name, own_prefix, strlen(own_prefix)) == 0;
}

/* Removes NAME below BASE if the process that it belonged to holds no lock on it any more. */
static void
remove_stale(int base, const char *name)
{
	int folder = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0)
		return;
	if (flock(folder, LOCK_EX | LOCK_NB) == 0) {
		empty(folder);
		unlinkat(base, name, AT_REMOVEDIR);
	}
	close(folder);
}

static void
remove_all_stale(int base)
{
	DIR *folder = list(base);
	const struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		if (is_run(entry->d_name))
			remove_stale(base, entry->d_name);
	if (folder != NULL)
		closedir(folder);
}

/* Makes and locks a folder; -1: another process took it for a stale one, or it cannot be made. */
static int
make_own(char *path)
{
	char base[PATH_SIZE];
	struct stat opened, there;
	int descriptor;

	base_path(base);
	snprintf(path, PATH_SIZE, "%.*s/%sXXXXXX", PATH_SIZE / 2, base, own_prefix);
	if (mkdtemp(path) == NULL)
		return -1;
	descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (descriptor < 0)
		return -1;
	if (flock(descriptor, LOCK_EX) == 0 && fstat(descriptor, &opened) == 0 &&
	    lstat(path, &there) == 0 && opened.st_ino == there.st_ino)
		return descriptor;
	close(descriptor);
	return -1;
}

struct neighbour *
neighbour_new(void)
{
	struct neighbour *neighbour = calloc(1, sizeof(*neighbour));
	int base = open_base(1);

	if (neighbour == NULL || base < 0) {
		free(neighbour);
		if (base >= 0)
			close(base);
		return NULL;
	}
	remove_all_stale(base);
	close(base);
	neighbour->descriptor = -1;
	for (unsigned i = 0; i < TRIES && neighbour->descriptor < 0; i++)
		neighbour->descriptor = make_own(neighbour->path);
	if (neighbour->descriptor >= 0)
		return neighbour;
	free(neighbour);
	return NULL;
}

void
neighbour_free(struct neighbour *neighbour)
{
	if (neighbour == NULL)
		return;
	empty(neighbour->descriptor);
	rmdir(neighbour->path);
	close(neighbour->descriptor);
	free(neighbour);
}

static int
write_all(int descriptor, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t wrote = write(descriptor, data, length);

		if (wrote < 0 && errno != EINTR)
			return 0;
		if (wrote > 0) {
			data += wrote;
			length -= (size_t)wrote;
		}
	}
	return 1;
}

int
neighbour_put(const struct neighbour *neighbour, const char *key, const char *value, size_t length)
{
	static const char temporary[] = "~";
	int descriptor, good;

	if (value == NULL)
		return unlinkat(neighbour->descriptor, key, 0) == 0 || errno == ENOENT;
	descriptor = openat(neighbour->descriptor, temporary,
			    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (descriptor < 0)
		return 0;
	good = write_all(descriptor, value, length);
	close(descriptor);
	return good && renameat(neighbour->descriptor, temporary, neighbour->descriptor, key) == 0;
}

static char *
read_file(int descriptor, size_t *length)
{
	char *text = malloc(VALUE_MAX + 1);
	ssize_t got = 1;

	*length = 0;
	while (text != NULL && got != 0 && *length < VALUE_MAX) {
		got = read(descriptor, text + *length, VALUE_MAX - *length);
		if (got < 0 && errno != EINTR) {
			free(text);
			return NULL;
		}
		*length += got > 0 ? (size_t)got : 0;
	}
	if (text != NULL)
		text[*length] = '\0';
	return text;
}

/* KEY is the path of a file below BASE. */
static char *
read_key(int base, const char *run, const char *key, size_t *length)
{
	char path[PATH_SIZE];
	char *text = NULL;
	int size = snprintf(path, sizeof(path), "%s/%s", run, key);
	int descriptor;

	if (size < 0 || size >= PATH_SIZE)
		return NULL;
	descriptor = openat(base, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (descriptor < 0)
		return NULL;
	text = read_file(descriptor, length);
	close(descriptor);
	return text;
}

char *
neighbours_get(const char *key, int (*right)(const char *value, size_t length, void *context),
	       void *context, size_t *length)
{
	int base = open_base(0);
	DIR *folder = base >= 0 ? list(base) : NULL;
	const struct dirent *entry;
	char *text = NULL;

	while (folder != NULL && text == NULL && (entry = readdir(folder)) != NULL) {
		if (!is_run(entry->d_name))
			continue;
		text = read_key(base, entry->d_name, key, length);
		if (text != NULL && !right(text, *length, context)) {
			free(text);
			text = NULL;
		}
	}
	if (folder != NULL)
		closedir(folder);
	if (base >= 0)
		close(base);
	return text;
}
