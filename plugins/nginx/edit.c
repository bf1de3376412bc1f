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

static bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

static size_t
line_begin(const struct syntax *syntax, size_t at)
{
	while (at > 0 && syntax->text[at - 1] != '\n')
		at--;
	return at;
}

static size_t
skip_blanks(const struct syntax *syntax, size_t at)
{
	while (at < syntax->length && is_blank(syntax->text[at]))
		at++;
	return at;
}

/* Whether a directive is the first on its line. */
static bool
begins_line(const struct directive *directive)
{
	size_t begin = line_begin(directive->syntax, syntax_start(directive));

	return skip_blanks(directive->syntax, begin) == syntax_start(directive);
}

/* The start of the next line if only blanks and a comment follow AT; else 0. */
static size_t
next_line(const struct syntax *syntax, size_t at)
{
	const char *end;

	at = skip_blanks(syntax, at);
	if (at < syntax->length && syntax->text[at] != '\n' && syntax->text[at] != '#')
		return 0;
	end = at < syntax->length ? memchr(syntax->text + at, '\n', syntax->length - at) : NULL;
	return end != NULL ? (size_t)(end - syntax->text) + 1 : syntax->length;
}

static const char *
line_end(const struct syntax *syntax)
{
	const char *end = syntax->length > 0 ? memchr(syntax->text, '\n', syntax->length) : NULL;

	return end != NULL && end > syntax->text && end[-1] == '\r' ? "\r\n" : "\n";
}

static char *
indentation(const struct directive *directive)
{
	size_t begin = line_begin(directive->syntax, syntax_start(directive));
	size_t end = skip_blanks(directive->syntax, begin);

	return memory_copy(directive->syntax->text + begin, end - begin);
}

/* One level of indentation in the file's style. */
static char *
one_level(const struct syntax *syntax)
{
	for (const struct directive *at = syntax_walk(&syntax->root, &syntax->root); at != NULL;
	     at = syntax_walk(&syntax->root, at)) {
		autofree char *inner = NULL;
		autofree char *outer = NULL;

		if (at->parent->parent == NULL || !begins_line(at) || !begins_line(at->parent))
			continue;
		inner = indentation(at);
		outer = indentation(at->parent);
		if (strlen(inner) > strlen(outer) && strncmp(inner, outer, strlen(outer)) == 0)
			return memory_copy(inner + strlen(outer), strlen(inner) - strlen(outer));
	}
	return memory_copy("    ", 4);
}

/* The indentation of the directives in BLOCK. */
static char *
inner_indentation(const struct directive *block)
{
	autofree char *level = NULL;
	autofree char *outer = NULL;

	for (const struct directive *at = block->first_child; at != NULL; at = at->next)
		if (begins_line(at))
			return indentation(at);
	if (block->parent == NULL)
		return memory_copy("", 0);
	level = one_level(block->syntax);
	outer = indentation(block);
	return memory_format("%s%s", outer, level);
}

/* LINES as text to insert after AT in BLOCK's file. */
static void
add_lines(struct edits *edits, const struct directive *block, size_t at, const char *lines)
{
	const struct syntax *syntax = block->syntax;
	const char *end = line_end(syntax);
	size_t place = next_line(syntax, at);
	bool inline_only = place == 0;
	autofree char *indent = inner_indentation(block);
	autofree char *level = one_level(syntax);
	auto_text struct text out = {0};

	/* The last line may have no line end. */
	if (!inline_only && (place == 0 || syntax->text[place - 1] != '\n'))
		text_add_string(&out, end);
	for (const char *line = lines; *line != '\0';) {
		size_t tabs = strspn(line, "\t");
		size_t length = strcspn(line + tabs, "\n");
		const char *next = line + tabs + length;

		text_add_string(&out, inline_only ? " " : indent);
		for (size_t i = 0; i < tabs && !inline_only; i++)
			text_add_string(&out, level);
		text_add(&out, line + tabs, length);
		next += *next == '\n';
		if (!inline_only && *next == '\0' && edits->mark != NULL)
			text_add_string(&out, edits->mark);
		if (!inline_only)
			text_add_string(&out, end);
		line = next;
	}
	edits_replace(edits, syntax->owner, inline_only ? at : place, 0, out.data);
}

void
edits_first(struct edits *edits, const struct directive *block, const char *lines)
{
	add_lines(edits, block, block->body + 1, lines);
}

void
edits_after(struct edits *edits, const struct directive *directive, const char *lines)
{
	add_lines(edits, directive->parent, directive->end, lines);
}

void
edits_last(struct edits *edits, const struct directive *block, const char *lines)
{
	if (block->last_child != NULL)
		edits_after(edits, block->last_child, lines);
	else
		edits_first(edits, block, lines);
}

void
edits_remove(struct edits *edits, const struct directive *directive)
{
	const struct syntax *syntax = directive->syntax;
	size_t start = syntax_start(directive), end = directive->end;
	size_t after = skip_blanks(syntax, end);
	bool own_mark = edits->mark != NULL && syntax->length - end >= strlen(edits->mark) &&
			memcmp(syntax->text + end, edits->mark, strlen(edits->mark)) == 0;
	bool ends_line = after == syntax->length || syntax->text[after] == '\n' || own_mark;

	if (begins_line(directive) && ends_line) {
		start = line_begin(syntax, start);
		end = next_line(syntax, end);
	}
	edits_replace(edits, syntax->owner, start, end - start, "");
}

void
edits_set(struct edits *edits, const struct directive *directive, const char *words)
{
	size_t start = directive->words[0].end;
	size_t end = directive->words[directive->word_count - 1].end;
	autofree char *text = memory_format(" %s", words);

	edits_replace(edits, directive->syntax->owner, start, end - start, text);
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

static int
apply_to_file(struct files *files, const struct edit *edits, size_t count)
{
	struct file *file = edits[0].file;
	auto_text struct text out = {0};
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		if (edits[i].at > at)
			text_add(&out, file->text + at, edits[i].at - at);
		text_add_string(&out, edits[i].text);
		if (edits[i].at + edits[i].length > at)
			at = edits[i].at + edits[i].length;
	}
	text_add(&out, file->text + at, file->length - at);
	return files_set_text(files, file, memory_copy(out.data, out.length), out.length);
}

int
edits_apply(struct edits *edits, struct files *files)
{
	int status = CW_OK;

	if (edits->count > 0)
		qsort(edits->items, edits->count, sizeof(*edits->items), compare);
	for (size_t i = 0, next; i < edits->count && status == CW_OK; i = next) {
		for (next = i + 1; next < edits->count; next++)
			if (edits->items[next].file != edits->items[i].file)
				break;
		status = apply_to_file(files, &edits->items[i], next - i);
	}
	edits_clear(edits);
	return status;
}
