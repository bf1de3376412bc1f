#include "files.h"
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

enum { GLOB_ROOM = 100000 };

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
parse_file(struct file *file)
{
	struct syntax_error error;
	struct arena *arena = arena_new();
	struct syntax *syntax = syntax_parse(arena, file->text, file->length, &error);

	if (syntax == NULL) {
		arena_free(arena);
		return cw_host_fail(file->files->host, CW_E_INVALID,
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

const struct dialect dialect = {
	.server = "nginx",
	.root_option = "--nginx-server-root",
	.program = "nginx",
	.program_option = "--nginx-ctl",
	.parse = parse_file,
};

static int
add_to_list(struct files *files, struct file_list *list, const char *path,
	    const struct directive *include)
{
	struct file *file;
	int status = files_read(files, path, NULL, &file);

	if (status != CW_OK) {
		/* To find the line takes long, so only the message of a failure has it. */
		autofree char *place = file_place(include);

		return files_read(files, path, place, &file);
	}
	list->items[list->count++] = file;
	return CW_OK;
}

static int
cannot_list(const struct files *files, const char *pattern, int number)
{
	return cw_host_fail(files->host, CW_E_IO, NULL, "cannot find the files \"%s\": %s", pattern,
			    strerror(number));
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
		return cannot_list(files, pattern, result == GLOB_NOSPACE ? ENOMEM : EIO);
	if (found.gl_pathc > GLOB_ROOM) {
		globfree(&found);
		return cannot_list(files, pattern, E2BIG);
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
