#include "files.h"
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 256 * 1024 * 1024, GLOB_ROOM = 100000 };

void
files_init(struct files *files, const struct cw_host *host, const char *root)
{
	memset(files, 0, sizeof(*files));
	files->host = host;
	files->root = memory_copy(root, strlen(root));
	files->arena = arena_new();
}

void
files_clear(struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		struct file *file = files->items[i];

		arena_free(file->arena);
		free(file->path);
		free(file->text);
		free(file->disk);
		free(file);
	}
	free(files->items);
	free(files->root);
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

struct file *
file_of(const struct directive *directive)
{
	return directive->syntax->owner;
}

char *
file_place(const struct directive *directive)
{
	return memory_format("%s:%zu", file_of(directive)->path,
			     syntax_line(directive->syntax, syntax_start(directive)));
}

static int
cannot_read(const struct files *files, const char *path, const struct directive *included,
	    int number)
{
	int status = number == ENOENT || number == ENOTDIR ? CW_E_NOT_FOUND
		     : number == EACCES || number == EPERM ? CW_E_PERMISSION
							   : CW_E_IO;
	autofree char *place = included != NULL ? file_place(included) : NULL;
	const char *hint = status == CW_E_NOT_FOUND
				   ? "if nginx's configuration is in another folder, give that "
				     "with --nginx-server-root"
				   : "run certwright as a user who may read nginx's configuration";

	if (place != NULL)
		return cw_host_fail(files->host, status, hint,
				    "cannot read \"%s\", which \"%s\" includes: %s", path, place,
				    strerror(number));
	return cw_host_fail(files->host, status, hint, "cannot read \"%s\": %s", path,
			    strerror(number));
}

/* Reads all of DESCRIPTOR. Returns 0 or an errno. */
static int
read_all(int descriptor, size_t expected, struct text *text)
{
	autofree char *part = NULL;
	size_t room = expected + 1 > 4096 ? expected + 1 : 4096;

	part = memory_resize(NULL, room, 1);
	for (;;) {
		ssize_t got = read(descriptor, part, room);

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

static int
parse_file(const struct files *files, struct file *file)
{
	struct syntax_error error;
	struct arena *arena = arena_new();
	struct syntax *syntax = syntax_parse(arena, file->text, file->length, &error);

	if (syntax == NULL) {
		arena_free(arena);
		return cw_host_fail(files->host, CW_E_INVALID,
				    "correct it (\"nginx -t\" shows more), then try again",
				    "cannot parse nginx's configuration at %s:%zu:%zu: %s",
				    file->path, error.line, error.column, error.message);
	}
	syntax->owner = file;
	arena_free(file->arena);
	file->arena = arena;
	file->syntax = syntax;
	return CW_OK;
}

static int
add_file(struct files *files, const char *path, const struct stat *status, struct text *text,
	 const char *key, struct file **file)
{
	int result;

	*file = memory_resize(NULL, 1, sizeof(**file));
	memset(*file, 0, sizeof(**file));
	(*file)->path = memory_copy(path, strlen(path));
	(*file)->device = status->st_dev;
	(*file)->inode = status->st_ino;
	(*file)->text = memory_copy(text->data, text->length);
	(*file)->length = text->length;
	files->items = memory_resize(files->items, files->count + 1, sizeof(*files->items));
	files->items[files->count++] = *file;
	result = parse_file(files, *file);
	if (result == CW_OK)
		map_set(&files->by_identity, arena_copy(files->arena, key, strlen(key)), *file);
	return result;
}

int
files_read(struct files *files, const char *path, const struct directive *included,
	   struct file **file)
{
	auto_text struct text text = {0};
	autofree char *key = NULL;
	struct stat status;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int number;

	if (descriptor < 0 || fstat(descriptor, &status) != 0) {
		number = errno;
		if (descriptor >= 0)
			close(descriptor);
		return cannot_read(files, path, included, number);
	}
	key = memory_format("%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	*file = map_get(&files->by_identity, key);
	if (*file != NULL) {
		close(descriptor);
		return CW_OK;
	}
	number = S_ISREG(status.st_mode)   ? read_all(descriptor, (size_t)status.st_size, &text)
		 : S_ISDIR(status.st_mode) ? EISDIR
					   : EINVAL;
	close(descriptor);
	if (number != 0)
		return cannot_read(files, path, included, number);
	return add_file(files, path, &status, &text, key, file);
}

static int
add_to_list(struct files *files, struct file_list *list, const char *path,
	    const struct directive *include)
{
	struct file *file;
	int status = files_read(files, path, include, &file);

	if (status != CW_OK)
		return status;
	list->items[list->count++] = file;
	return CW_OK;
}

/* As ngx_conf_include(): a name without wildcards must exist, a pattern may match nothing. */
static int
read_list(struct files *files, const char *pattern, const struct directive *include,
	  struct file_list *list)
{
	glob_t found = {0};
	int status = CW_OK, result;

	if (strpbrk(pattern, "*?[") == NULL) {
		list->items = arena_alloc(files->arena, sizeof(*list->items));
		return add_to_list(files, list, pattern, include);
	}
	result = glob(pattern, 0, NULL, &found);
	if (result == GLOB_NOMATCH)
		return CW_OK;
	if (result != 0)
		return cannot_read(files, pattern, include, result == GLOB_NOSPACE ? ENOMEM : EIO);
	if (found.gl_pathc > GLOB_ROOM) {
		globfree(&found);
		return cannot_read(files, pattern, include, E2BIG);
	}
	list->items = arena_alloc(files->arena, found.gl_pathc * sizeof(*list->items));
	for (size_t i = 0; i < found.gl_pathc && status == CW_OK; i++)
		status = add_to_list(files, list, found.gl_pathv[i], include);
	globfree(&found);
	return status;
}

int
files_include(struct files *files, const struct directive *include, struct file_list **list)
{
	autofree char *pattern = NULL;
	int status;

	if (include->word_count != 2 || include->body > 0) {
		autofree char *place = file_place(include);

		return cw_host_fail(files->host, CW_E_INVALID, NULL,
				    "the include directive at \"%s\" must name one file or pattern",
				    place);
	}
	pattern = files_path(files, syntax_value(include, 1));
	*list = map_get(&files->by_pattern, pattern);
	if (*list != NULL)
		return CW_OK;
	*list = arena_alloc(files->arena, sizeof(**list));
	status = read_list(files, pattern, include, *list);
	if (status == CW_OK)
		map_set(&files->by_pattern, arena_copy(files->arena, pattern, strlen(pattern)),
			*list);
	return status;
}

int
files_set_text(struct files *files, struct file *file, char *text, size_t length)
{
	char *old = file->text;
	size_t old_length = file->length;
	int status;

	file->text = text;
	file->length = length;
	status = parse_file(files, file);
	if (status != CW_OK) {
		file->text = old;
		file->length = old_length;
		free(text);
		return status;
	}
	if (file->disk == NULL) {
		file->disk = old;
		file->disk_length = old_length;
	} else {
		free(old);
	}
	return CW_OK;
}

static bool
file_changed(const struct file *file)
{
	return file->disk != NULL && (file->disk_length != file->length ||
				      memcmp(file->disk, file->text, file->length) != 0);
}

bool
files_changed(const struct files *files)
{
	for (size_t i = 0; i < files->count; i++)
		if (file_changed(files->items[i]))
			return true;
	return false;
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
		if (status != CW_OK)
			return status;
		free(file->disk);
		file->disk = NULL;
	}
	return CW_OK;
}
