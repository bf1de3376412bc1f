#include "files.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 256 * 1024 * 1024 };

void
files_init(struct files *files, const struct cw_host *host)
{
	memset(files, 0, sizeof(*files));
	files->host = host;
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
	map_clear(&files->by_identity);
	arena_free(files->arena);
	memset(files, 0, sizeof(*files));
}

/* The end of the line at AT, after its line end. */
static size_t
line_end(const struct file *file, size_t at)
{
	const char *end = memchr(file->text + at, '\n', file->length - at);

	return end != NULL ? (size_t)(end - file->text) + 1 : file->length;
}

/* Adds one line to TEXT, without its line end. Returns whether the next one continues it. */
static bool
join_line(const struct file *file, size_t start, size_t end, struct text *text)
{
	bool ended = end > start && file->text[end - 1] == '\n';

	end -= ended;
	if (ended && end > start && file->text[end - 1] == '\r')
		end--;
	if (!ended || end == start || file->text[end - 1] != '\\') {
		text_add(text, file->text + start, end - start);
		return false;
	}
	text_add(text, file->text + start, end - start - 1);
	return true;
}

static void
add_line(struct file *file, const struct line *line, const struct text *text)
{
	size_t start = 0, end = text->length;

	while (start < end && isspace((unsigned char)text->data[start]))
		start++;
	while (end > start && isspace((unsigned char)text->data[end - 1]))
		end--;
	if (start == end || text->data[start] == '#')
		return;
	if ((file->line_count & (file->line_count - 1)) == 0)
		file->lines =
			memory_resize(file->lines, file->line_count > 0 ? file->line_count * 2 : 1,
				      sizeof(*file->lines));
	file->lines[file->line_count] = *line;
	file->lines[file->line_count++].text =
		arena_copy(file->arena, text->data + start, end - start);
}

static void
divide(struct file *file)
{
	auto_text struct text text = {0};
	uint32_t number = 0;

	arena_free(file->arena);
	free(file->lines);
	file->arena = arena_new();
	file->lines = NULL;
	file->line_count = 0;
	for (size_t at = 0; at < file->length;) {
		struct line line = {.start = (uint32_t)at};
		bool continued = true;

		text.length = 0;
		while (continued && at < file->length) {
			size_t end = line_end(file, at);

			continued = join_line(file, at, end, &text);
			at = end;
			number++;
		}
		line.end = (uint32_t)at;
		line.number = number;
		if (text.length > 0)
			add_line(file, &line, &text);
	}
}

static int
cannot_read(const struct files *files, const char *path, const char *place, int number)
{
	int status = number == ENOENT || number == ENOTDIR ? CW_E_NOT_FOUND
		     : number == EACCES || number == EPERM ? CW_E_PERMISSION
							   : CW_E_IO;
	const char *hint = status == CW_E_NOT_FOUND
				   ? "if Apache's configuration is in another folder, give that "
				     "with --apache-server-root"
				   : "run certwright as a user who may read Apache's configuration";

	if (place != NULL)
		return cw_host_fail(files->host, status, hint,
				    "cannot read \"%s\", which \"%s\" includes: %s", path, place,
				    strerror(number));
	return cw_host_fail(files->host, status, hint, "cannot read \"%s\": %s", path,
			    strerror(number));
}

/* Reads all of DESCRIPTOR. Returns 0 or an errno. */
static int
read_all(int descriptor, struct text *text)
{
	char part[16384];

	for (;;) {
		ssize_t got = read(descriptor, part, sizeof(part));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			return 0;
		text_add(text, part, (size_t)got);
		if (text->length > FILE_MAX)
			return EFBIG;
	}
}

static struct file *
add_file(struct files *files, const char *path)
{
	struct file *file = memory_resize(NULL, 1, sizeof(*file));

	memset(file, 0, sizeof(*file));
	file->path = memory_copy(path, strlen(path));
	if ((files->count & (files->count - 1)) == 0)
		files->items = memory_resize(files->items, files->count > 0 ? files->count * 2 : 1,
					     sizeof(*files->items));
	files->items[files->count++] = file;
	return file;
}

/* By which an Include finds it. */
static const char *
found_as(const struct file *file)
{
	return file->link != NULL ? file->link : file->path;
}

static struct file *
find_created(const struct files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->items[i]->created && strcmp(found_as(files->items[i]), path) == 0)
			return files->items[i];
	return NULL;
}

int
files_read(struct files *files, const char *path, const char *place, struct file **file)
{
	auto_text struct text text = {0};
	autofree char *key = NULL;
	struct stat status;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int number;

	if (descriptor < 0 && (*file = find_created(files, path)) != NULL)
		return CW_OK;
	if (descriptor < 0 || fstat(descriptor, &status) != 0) {
		number = errno;
		if (descriptor >= 0)
			close(descriptor);
		return cannot_read(files, path, place, number);
	}
	key = memory_format("%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	*file = map_get(&files->by_identity, key);
	if (*file != NULL) {
		close(descriptor);
		return CW_OK;
	}
	number = S_ISDIR(status.st_mode) ? EISDIR : read_all(descriptor, &text);
	close(descriptor);
	if (number != 0)
		return cannot_read(files, path, place, number);
	*file = add_file(files, path);
	(*file)->text = memory_copy(text.data, text.length);
	(*file)->length = text.length;
	divide(*file);
	map_set(&files->by_identity, arena_copy(files->arena, key, strlen(key)), *file);
	return CW_OK;
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

void
files_add_created(const struct files *files, const char *pattern, struct paths *paths)
{
	for (size_t i = 0; i < files->count; i++) {
		const char *path = found_as(files->items[i]);

		if (files->items[i]->created &&
		    fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD | FNM_LEADING_DIR) == 0)
			paths_insert(paths, path);
	}
}

bool
files_exist(const struct files *files, const char *path)
{
	return access(path, F_OK) == 0 || find_created(files, path) != NULL;
}

void
files_set_text(struct file *file, char *text, size_t length)
{
	if (file->disk == NULL && !file->created) {
		file->disk = file->text;
		file->disk_length = file->length;
	} else {
		free(file->text);
	}
	file->text = text;
	file->length = length;
	divide(file);
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

/* A link is not a file that the checkpoint services write. */
static int
make_link(const struct cw_host *host, const struct file *file)
{
	const char *const undo[] = {"rm", "-f", "--", file->link, NULL};
	int status = host->checkpoint_command(host, undo);

	if (status == CW_OK && symlink(file->target, file->link) != 0 && errno != EEXIST)
		return cw_host_fail(host, CW_E_IO, NULL, "cannot make the link \"%s\": %s",
				    file->link, strerror(errno));
	return status;
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
		free(file->disk);
		file->disk = NULL;
		file->created = false;
	}
	return CW_OK;
}
