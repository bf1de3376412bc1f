#include "edits.h"
#include <stdint.h>
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

/* Whether an edit before it is the same. */
static bool
is_repeated(const struct edit *edits, size_t index)
{
	for (size_t i = index; i > 0 && edits[i - 1].at == edits[index].at; i--)
		if (edits[i - 1].length == edits[index].length &&
		    strcmp(edits[i - 1].text, edits[index].text) == 0)
			return true;
	return false;
}

static int
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
	return files_set_text(file, memory_copy(out.data, out.length), out.length);
}

int
edits_apply(struct edits *edits)
{
	int status = CW_OK;

	if (edits->count > 0)
		qsort(edits->items, edits->count, sizeof(*edits->items), compare);
	for (size_t i = 0, next; i < edits->count && status == CW_OK; i = next) {
		for (next = i + 1; next < edits->count; next++)
			if (edits->items[next].file != edits->items[i].file)
				break;
		status = apply_to_file(&edits->items[i], next - i);
	}
	edits_clear(edits);
	return status;
}
