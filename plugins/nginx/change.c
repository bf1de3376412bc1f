#include "change.h"
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 8 };

struct occurrences {
	const struct wanted *wanted;
	struct directive *first;
	struct edits *edits; /* NULL: only count */
	size_t count, alike;
	bool elsewhere; /* one is in a file that other servers use too */
};

static bool
says(const struct directive *directive, const struct wanted *wanted)
{
	autofree char *value = NULL;

	if (directive->word_count != 2)
		return false;
	value = syntax_quote(syntax_value(directive, 1));
	return strcmp(value, wanted->value) == 0;
}

static int
count_visit(void *context, struct directive *directive)
{
	struct occurrences *found = context;

	if (!syntax_is(directive, found->wanted->name))
		return CW_OK;
	if (found->first == NULL)
		found->first = directive;
	else if (found->edits != NULL)
		edits_remove(found->edits, directive);
	found->count++;
	found->alike += says(directive, found->wanted);
	return CW_OK;
}

static struct occurrences
count_in(struct model *model, const struct directive *block, const struct wanted *wanted)
{
	struct occurrences found = {.wanted = wanted};

	model_visit(model, block, count_visit, &found);
	return found;
}

void
change_set(struct model *model, struct edits *edits, const struct server *server,
	   const struct wanted *wanted)
{
	struct occurrences found = count_in(model, server->directive, wanted);

	if (found.count == 1 && found.alike == 1)
		return;
	if (found.count == 0) {
		autofree char *line = memory_format("%s %s;", wanted->name, wanted->value);

		edits_last(edits, server->directive, line);
		return;
	}
	if (!says(found.first, wanted))
		edits_set(edits, found.first, wanted->value);
	found = (struct occurrences){.wanted = wanted, .edits = edits};
	model_visit(model, server->directive, count_visit, &found);
}

static bool
can_indent(const struct syntax *syntax)
{
	for (const struct directive *at = syntax_walk(&syntax->root, &syntax->root); at != NULL;
	     at = syntax_walk(&syntax->root, at)) {
		if (at->body > 0 && at->first_child == NULL)
			return false;
		for (size_t i = 0; i < at->word_count; i++)
			if (memchr(syntax->text + at->words[i].start, '\n',
				   at->words[i].end - at->words[i].start) != NULL)
				return false;
	}
	return true;
}

static void
add_indented(struct text *out, const struct file *file, const char *indent)
{
	bool indents = can_indent(file->syntax);

	for (size_t at = 0; at < file->length;) {
		const char *line = file->text + at;
		const char *end = memchr(line, '\n', file->length - at);
		size_t length = end != NULL ? (size_t)(end - line) : file->length - at;

		if (out->length > 0) {
			text_add_string(out, "\n");
			if (indents && length > 0 && *line != '\r')
				text_add_string(out, indent);
		}
		text_add(out, line, length);
		at += length + 1;
	}
}

void
change_inline(struct edits *edits, const struct directive *include, const struct file_list *list)
{
	const struct syntax *syntax = include->syntax;
	size_t start = syntax_start(include), begin = start, after = include->end;
	autofree char *indent = NULL;
	auto_text struct text out = {0};

	while (begin > 0 && syntax->text[begin - 1] != '\n')
		begin--;
	indent = memory_copy(syntax->text + begin, start - begin);
	indent[strspn(indent, " \t")] = '\0';
	for (size_t i = 0; i < list->count; i++)
		add_indented(&out, list->items[i], indent);
	/* The text may end in a comment. */
	while (after < syntax->length &&
	       (syntax->text[after] == ' ' || syntax->text[after] == '\t' ||
		syntax->text[after] == '\r'))
		after++;
	if (after < syntax->length && syntax->text[after] != '\n')
		text_add_string(&out, "\n");
	edits_replace(edits, syntax->owner, start, include->end - start,
		      out.data != NULL ? out.data : "");
}

static bool
would_change(struct model *model, const struct directive *block, const struct wanted *wanted,
	     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct occurrences found = count_in(model, block, &wanted[i]);

		if (found.count > 0 && (found.count != 1 || found.alike != 1))
			return true;
	}
	return false;
}

int
change_unshare(struct model *model, size_t order, const struct wanted *wanted, size_t count)
{
	int status = CW_OK;

	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		const struct directive *block = model->servers[order]->directive;
		struct edits edits = {0};

		for (struct directive *at = block->first_child; at != NULL; at = at->next) {
			struct file_list *list;
			bool shared = false, differs = false;

			if (!syntax_is(at, "include") ||
			    files_include(&model->files, at, &list) != CW_OK)
				continue;
			for (size_t i = 0; i < list->count; i++) {
				struct directive *root = &list->items[i]->syntax->root;

				shared |= list->items[i]->uses > 1 ||
					  model_find(model, root, "include", NULL) != NULL;
				differs |= would_change(model, root, wanted, count);
			}
			if (shared && differs)
				change_inline(&edits, at, list);
		}
		if (edits.count == 0)
			break;
		status = edits_apply(&edits);
		if (status == CW_OK)
			status = model_rebuild(model);
		if (status != CW_OK)
			break;
	}
	return status;
}

void
choices_add(struct choices *choices, struct server *server)
{
	for (size_t i = 0; i < choices->count; i++)
		if (choices->items[i] == server)
			return;
	choices->items = memory_resize(choices->items, choices->count + 1, sizeof(*choices->items));
	choices->items[choices->count++] = server;
}

void
choices_find(const struct model *model, const char *name, unsigned port, bool tls,
	     struct choices *choices)
{
	memset(choices, 0, sizeof(*choices));
	choices->match = MATCH_NONE;
	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = model->groups[i];
		struct server *server;
		struct name *by;
		enum name_match match;
		size_t length;

		if (group->ssl != tls ||
		    (port > 0 ? group->port != port : !tls && group->port == 0))
			continue;
		server = group_choose(group, name, &by, &match);
		if (by == NULL)
			continue;
		length = match == MATCH_HEAD || match == MATCH_TAIL ? by->length : 0;
		if (match > choices->match || (match == choices->match && length < choices->length))
			continue;
		if (match != choices->match || length != choices->length)
			choices->count = 0;
		choices->match = match;
		choices->length = length;
		choices_add(choices, server);
	}
}

void
choices_clear(struct choices *choices)
{
	free(choices->items);
	memset(choices, 0, sizeof(*choices));
}
