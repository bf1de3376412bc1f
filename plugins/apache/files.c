#include "files.h"
#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

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

static int
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
	return CW_OK;
}

const struct dialect dialect = {
	.server = "Apache",
	.root_option = "--apache-server-root",
	.program = "apache2ctl",
	.program_option = "--apache-ctl",
	.parse = divide,
};

void
files_add_created(const struct files *files, const char *pattern, struct paths *paths)
{
	size_t length = strlen(pattern), before = paths->count;
	autofree char *whole = NULL;

	/* A folder may be written with a slash at its end. */
	while (length > 1 && pattern[length - 1] == '/')
		length--;
	whole = memory_copy(pattern, length);
	for (size_t i = 0; i < files->count; i++) {
		const char *path = files_found_as(files->items[i]);

		if (files->items[i]->created &&
		    fnmatch(whole, path, FNM_PATHNAME | FNM_PERIOD | FNM_LEADING_DIR) == 0)
			paths_add(paths, path);
	}
	if (paths->count > before)
		paths_sort(paths);
}
