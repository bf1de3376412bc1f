#include "edit.h"
#include <string.h>

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
	const char *end = files_line_end(syntax->owner);
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
