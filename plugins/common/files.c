#include "files.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 256 * 1024 * 1024 };

void
files_init(struct files *files, const struct cw_host *host, const char *root)
{
	memset(files, 0, sizeof(*files));
	files->host = host;
	files->root = root != NULL ? memory_copy(root, strlen(root)) : NULL;
	files->arena = arena_new();
}

void
files_clear(struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		struct file *file = files->items[i];

		arena_free(file->arena);
		free(file->lines);
		free(file->path);
		free(file->text);
		free(file->disk);
		free(file->link);
		free(file->target);
		free(file);
	}
	free(files->items);
	free(files->root);
	map_clear(&files->by_path);
	map_clear(&files->by_identity);
	map_clear(&files->by_pattern);
	arena_free(files->arena);
	memset(files, 0, sizeof(*files));
}

char *
files_path(const struct files *files, const char *path)
{
	return *path == '/' ? memory_copy(path, strlen(path))
			    : memory_format("%s/%s", files->root, path);
}

static int
cannot_read(const struct files *files, const char *path, const char *place, int number)
{
	int status = number == ENOENT || number == ENOTDIR ? CW_E_NOT_FOUND
		     : number == EACCES || number == EPERM ? CW_E_PERMISSION
							   : CW_E_IO;
	autofree char *hint =
		status == CW_E_NOT_FOUND
			? memory_format("if %s's configuration is in another folder, give that "
					"with %s",
					dialect.server, dialect.root_option)
			: memory_format("run certwright as a user who may read %s's configuration",
					dialect.server);

	if (place != NULL)
		return cw_host_fail(files->host, status, hint,
				    "cannot read \"%s\", which \"%s\" includes: %s", path, place,
				    strerror(number));
	return cw_host_fail(files->host, status, hint, "cannot read \"%s\": %s", path,
			    strerror(number));
}

/* Reads all of DESCRIPTOR, about EXPECTED bytes. Returns 0 or an errno. */
static int
read_all(int descriptor, size_t expected, char **text, size_t *length)
{
	size_t room = expected < FILE_MAX ? expected + 1 : FILE_MAX;
	ssize_t got;

	*text = memory_resize(NULL, room, 1);
	while ((got = read(descriptor, *text + *length, room - *length)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		*length += (size_t)got;
		if (*length > FILE_MAX)
			return EFBIG;
		if (*length == room)
			*text = memory_resize(*text, room *= 2, 1);
	}
	*text = memory_resize(*text, *length + 1, 1);
	(*text)[*length] = '\0';
	return 0;
}

static struct file *
add_file(struct files *files, const char *path)
{
	struct file *file = memory_resize(NULL, 1, sizeof(*file));

	memset(file, 0, sizeof(*file));
	file->files = files;
	file->path = memory_copy(path, strlen(path));
	if ((files->count & (files->count - 1)) == 0)
		files->items = memory_resize(files->items, files->count > 0 ? files->count * 2 : 1,
					     sizeof(*files->items));
	files->items[files->count++] = file;
	return file;
}

const char *
files_found_as(const struct file *file)
{
	return file->link != NULL ? file->link : file->path;
}

static struct file *
find_created(const struct files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->items[i]->created && strcmp(files_found_as(files->items[i]), path) == 0)
			return files->items[i];
	return NULL;
}

/* Release with free(). */
static char *
identity_of(const struct stat *status)
{
	return memory_format("%ju:%ju", (uintmax_t)status->st_dev, (uintmax_t)status->st_ino);
}

static void
set_identity(struct file *file, const char *key)
{
	file->identity = arena_copy(file->files->arena, key, strlen(key));
	map_set(&file->files->by_identity, file->identity, file);
}

/* Finds or reads the file that is open at DESCRIPTOR. Returns an errno, or 0 and sets *RESULT to
 * the parser's result. */
static int
read_open(struct files *files, int descriptor, const char *path, struct file **file, int *result)
{
	autofree char *key = NULL;
	autofree char *text = NULL;
	size_t length = 0;
	struct stat status;
	int number;

	if (fstat(descriptor, &status) != 0)
		return errno;
	key = identity_of(&status);
	*file = map_get(&files->by_identity, key);
	if (*file != NULL)
		return 0;
	if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode))
		return S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
	number = read_all(descriptor, (size_t)status.st_size, &text, &length);
	if (number != 0)
		return number;
	*file = add_file(files, path);
	(*file)->text = text;
	(*file)->length = length;
	text = NULL;
	*result = dialect.parse(*file);
	if (*result == CW_OK)
		set_identity(*file, key);
	return 0;
}

int
files_read(struct files *files, const char *path, const char *place, struct file **file)
{
	int result = CW_OK, descriptor, number;

	*file = map_get(&files->by_path, path);
	if (*file != NULL)
		return CW_OK;
	descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	number = errno;
	if (descriptor < 0 && (*file = find_created(files, path)) != NULL)
		return CW_OK;
	if (descriptor >= 0) {
		number = read_open(files, descriptor, path, file, &result);
		close(descriptor);
	}
	if (number != 0)
		return cannot_read(files, path, place, number);
	if (result == CW_OK)
		map_set(&files->by_path, arena_copy(files->arena, path, strlen(path)), *file);
	return result;
}

struct file *
files_create(struct files *files, const char *path, const char *link, const char *target)
{
	struct file *file = add_file(files, path);

	file->created = true;
	file->text = memory_copy("", 0);
	if (link != NULL) {
		file->link = memory_copy(link, strlen(link));
		file->target = memory_copy(target, strlen(target));
	}
	return file;
}

struct file *
files_on_disk(const struct files *files, const char *path)
{
	autofree char *key = NULL;
	struct stat status;

	if (stat(path, &status) != 0)
		return NULL;
	key = identity_of(&status);
	return map_get(&files->by_identity, key);
}

bool
files_exist(const struct files *files, const char *path)
{
	return access(path, F_OK) == 0 || find_created(files, path) != NULL;
}

const char *
files_line_end(const struct file *file)
{
	const char *end = memchr(file->text, '\n', file->length);

	return end != NULL && end > file->text && end[-1] == '\r' ? "\r\n" : "\n";
}

int
files_set_text(struct file *file, char *text, size_t length)
{
	char *old = file->text;
	size_t old_length = file->length;
	int status;

	file->text = text;
	file->length = length;
	status = dialect.parse(file);
	if (status != CW_OK) {
		file->text = old;
		file->length = old_length;
		free(text);
	} else if (file->disk == NULL && !file->created) {
		file->disk = old;
		file->disk_length = old_length;
	} else {
		free(old);
	}
	return status;
}

static bool
file_changed(const struct file *file)
{
	return file->created ||
	       (file->disk != NULL && (file->disk_length != file->length ||
				       memcmp(file->disk, file->text, file->length) != 0));
}

bool
files_changed(const struct files *files)
{
	for (size_t i = 0; i < files->count; i++)
		if (file_changed(files->items[i]))
			return true;
	return false;
}

/* FNV-1a. Nobody gains anything by a collision. */
static uint64_t
add_to_fingerprint(uint64_t fingerprint, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		fingerprint = (fingerprint ^ (unsigned char)data[i]) * 0x100000001b3;
	return fingerprint;
}

uint64_t
files_fingerprint(const struct files *files)
{
	uint64_t fingerprint = 0xcbf29ce484222325;

	for (size_t i = 0; i < files->count; i++) {
		const struct file *file = files->items[i];

		/* With the NUL at the end of each. */
		fingerprint = add_to_fingerprint(fingerprint, file->path, strlen(file->path) + 1);
		fingerprint = add_to_fingerprint(fingerprint, file->text, file->length + 1);
	}
	return fingerprint;
}

/* Makes the link of a new file, which the checkpoint services do not write. A rollback removes it
 * unless somebody has made another one of it. */
static int
make_link(const struct cw_host *host, const struct file *file)
{
	static const char script[] = "test \"$(readlink \"$1\")\" != \"$2\" || rm -f \"$1\"";
	const char *const undo[] = {"sh", "-c", script, "sh", file->link, file->target, NULL};
	char present[PATH_MAX];
	ssize_t length = readlink(file->link, present, sizeof(present) - 1);
	int status;

	/* An old one may have led nowhere. */
	present[length > 0 ? length : 0] = '\0';
	if (strcmp(present, file->target) == 0)
		return CW_OK;
	if (length >= 0 || errno != ENOENT)
		return cw_host_fail(host, CW_E_EXISTS, "remove it, then try again",
				    "cannot make the link \"%s\": it exists", file->link);
	status = host->checkpoint_command(host, undo);
	if (status == CW_OK && symlink(file->target, file->link) != 0)
		return cw_host_fail(host, CW_E_IO, NULL, "cannot make the link \"%s\": %s",
				    file->link, strerror(errno));
	return status;
}

/* A file that was written is another one on disk, and the old one's number may be used again. */
static void
note_written(struct file *file)
{
	autofree char *key = NULL;
	struct stat status;

	free(file->disk);
	file->disk = NULL;
	file->created = false;
	if (file->identity != NULL)
		map_set(&file->files->by_identity, file->identity, NULL);
	if (stat(file->path, &status) != 0)
		return;
	key = identity_of(&status);
	set_identity(file, key);
}

int
files_write(struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		struct file *file = files->items[i];
		int status;

		if (!file_changed(file))
			continue;
		status = files->host->write_file(files->host, file->path, file->text, file->length,
						 file->disk, file->disk_length);
		if (status == CW_OK && file->link != NULL)
			status = make_link(files->host, file);
		if (status != CW_OK)
			return status;
		note_written(file);
	}
	return CW_OK;
}
