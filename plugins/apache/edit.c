#include "edit.h"
#include <stdlib.h>
#include <string.h>

struct edit {
	struct file *file;
	size_t at, length;
	char *text;
	size_t order; /* edits at one place keep their order */
};

void
edits_replace(struct edits *edits, struct file *file, size_t at, size_t length, const char *text)
{
	struct edit *edit;

	edits->items = memory_resize(edits->items, edits->count + 1, sizeof(*edits->items));
	edit = &edits->items[edits->count];
	edit->file = file;
	edit->at = at;
	edit->length = length;
	edit->text = memory_copy(text, strlen(text));
	edit->order = edits->count++;
}

void
edits_clear(struct edits *edits)
{
	for (size_t i = 0; i < edits->count; i++)
		free(edits->items[i].text);
	free(edits->items);
	edits->items = NULL;
	edits->count = 0;
}

static const char *
line_end(const struct file *file)
{
	const char *end = file->length > 0 ? memchr(file->text, '\n', file->length) : NULL;

	return end != NULL && end > file->text && end[-1] == '\r' ? "\r\n" : "\n";
}

/* What a line begins with. */
static char *
indentation(const struct file *file, const struct line *line)
{
	size_t length = 0;

	while (line->start + length < file->length &&
	       strchr(" \t", file->text[line->start + length]) != NULL)
		length++;
	return memory_copy(file->text + line->start, length);
}

/* The indentation of the lines in a section. */
static char *
inner_indentation(const struct directive *section)
{
	autofree char *outer = NULL;

	for (size_t i = 0; i < section->file->line_count; i++) {
		const struct line *line = &section->file->lines[i];

		if (line->start > section->line->start && line->start < section->close->start)
			return indentation(section->file, line);
	}
	outer = indentation(section->file, section->line);
	return memory_format("%s%s", outer, strchr(outer, ' ') != NULL ? "    " : "\t");
}

/* Inserts LINES at the offset AT, which begins a line. */
static void
add_lines(struct edits *edits, struct file *file, size_t at, const char *indent, const char *lines)
{
	const char *end = line_end(file);
	auto_text struct text out = {0};

	/* The last line may have no line end. */
	if (at > 0 && file->text[at - 1] != '\n')
		text_add_string(&out, end);
	for (const char *line = lines; *line != '\0';) {
		size_t length = strcspn(line, "\n");

		text_add_string(&out, indent);
		text_add(&out, line, length);
		text_add_string(&out, end);
		line += length + (line[length] == '\n');
	}
	edits_replace(edits, file, at, 0, out.data);
}

void
edits_first(struct edits *edits, const struct directive *section, const char *lines)
{
	autofree char *indent = inner_indentation(section);

	add_lines(edits, section->file, section->line->end, indent, lines);
}

void
edits_last(struct edits *edits, const struct directive *section, const char *lines)
{
	autofree char *indent = inner_indentation(section);

	add_lines(edits, section->file, section->close->start, indent, lines);
}

void
edits_behind(struct edits *edits, const struct directive *section, const char *lines)
{
	add_lines(edits, section->file, section->close->end, "", lines);
}

void
edits_begin_file(struct edits *edits, struct file *file, const char *lines)
{
	add_lines(edits, file, 0, "", lines);
}

void
edits_end_file(struct edits *edits, struct file *file, const char *lines)
{
	add_lines(edits, file, file->length, "", lines);
}

void
edits_remove(struct edits *edits, const struct directive *directive)
{
	const struct line *line = directive->line;

	edits_replace(edits, directive->file, line->start, line->end - line->start, "");
}

void
edits_set(struct edits *edits, const struct directive *directive, const char *arguments)
{
	const struct file *file = directive->file;
	const struct line *line = directive->line;
	autofree char *indent = indentation(file, line);
	autofree char *text =
		memory_format("%s%s %s%s", indent, directive->name, arguments, line_end(file));

	edits_replace(edits, directive->file, line->start, line->end - line->start, text);
}

static int
compare(const void *first, const void *second)
{
	const struct edit *a = first, *b = second;

	if (a->file != b->file)
		return (uintptr_t)a->file < (uintptr_t)b->file ? -1 : 1;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* Whether an edit before it is the same: a file that is included twice has its lines twice. */
static bool
is_repeated(const struct edit *edits, size_t index)
{
	for (size_t i = index; i > 0 && edits[i - 1].at == edits[index].at; i--)
		if (edits[i - 1].length == edits[index].length &&
		    strcmp(edits[i - 1].text, edits[index].text) == 0)
			return true;
	return false;
}

static void
apply_to_file(const struct edit *edits, size_t count)
{
	struct file *file = edits[0].file;
	auto_text struct text out = {0};
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		if (is_repeated(edits, i))
			continue;
		if (edits[i].at > at)
			text_add(&out, file->text + at, edits[i].at - at);
		text_add_string(&out, edits[i].text);
		if (edits[i].at + edits[i].length > at)
			at = edits[i].at + edits[i].length;
	}
	text_add(&out, file->text + at, file->length - at);
	files_set_text(file, memory_copy(out.data, out.length), out.length);
}

void
edits_apply(struct edits *edits)
{
	if (edits->count > 0)
		qsort(edits->items, edits->count, sizeof(*edits->items), compare);
	for (size_t i = 0, next; i < edits->count; i = next) {
		for (next = i + 1; next < edits->count; next++)
			if (edits->items[next].file != edits->items[i].file)
				break;
		apply_to_file(&edits->items[i], next - i);
	}
	edits_clear(edits);
}
