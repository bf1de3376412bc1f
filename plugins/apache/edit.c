#include "edit.h"
#include <string.h>

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
	const char *end = files_line_end(file);
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
	autofree char *text = memory_format("%s%s %s%s", indent, directive->name, arguments,
					    files_line_end(file));

	edits_replace(edits, directive->file, line->start, line->end - line->start, text);
}
