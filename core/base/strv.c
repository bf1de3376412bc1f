#include "base/strv.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 8 };

void
cw_strv_take(struct cw_strv *strv, char *text)
{
	if (strv->count + 1 >= strv->capacity) {
		size_t capacity = strv->capacity == 0 ? FIRST_CAPACITY : strv->capacity * 2;

		strv->items = cw_realloc(strv->items, capacity, sizeof(*strv->items));
		strv->capacity = capacity;
	}
	strv->items[strv->count++] = text;
	strv->items[strv->count] = NULL;
}

void
cw_strv_add(struct cw_strv *strv, const char *text)
{
	cw_strv_take(strv, cw_memdup(text, strlen(text)));
}

void
cw_strv_addn(struct cw_strv *strv, const char *text, size_t length)
{
	cw_strv_take(strv, cw_memdup(text, length));
}

void
cw_strv_addf(struct cw_strv *strv, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	cw_strv_take(strv, cw_vformat(format, arguments));
	va_end(arguments);
}

void
cw_strv_add_all(struct cw_strv *strv, const struct cw_strv *others)
{
	/* The count is taken first: both may be the same vector. */
	size_t count = others->count;

	for (size_t i = 0; i < count; i++)
		cw_strv_add(strv, others->items[i]);
}

static bool
is_blank(char character)
{
	return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

void
cw_strv_split(struct cw_strv *strv, const char *text, char separator)
{
	while (text != NULL) {
		const char *next = strchr(text, separator);
		const char *end = next == NULL ? text + strlen(text) : next;

		while (text < end && is_blank(*text))
			text++;
		while (text < end && is_blank(end[-1]))
			end--;
		if (text < end)
			cw_strv_addn(strv, text, (size_t)(end - text));
		text = next == NULL ? NULL : next + 1;
	}
}

bool
cw_strv_add_unique(struct cw_strv *strv, const char *text)
{
	if (cw_strv_contains(strv, text))
		return false;
	cw_strv_add(strv, text);
	return true;
}

bool
cw_strv_contains(const struct cw_strv *strv, const char *text)
{
	for (size_t i = 0; i < strv->count; i++) {
		if (strcmp(strv->items[i], text) == 0)
			return true;
	}
	return false;
}

void
cw_strv_remove(struct cw_strv *strv, size_t index)
{
	if (index >= strv->count)
		return;
	free(strv->items[index]);
	memmove(strv->items + index, strv->items + index + 1,
		(strv->count - index) * sizeof(*strv->items));
	strv->count--;
}

static int
compare_items(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
cw_strv_sort(struct cw_strv *strv)
{
	if (strv->count > 1)
		qsort(strv->items, strv->count, sizeof(*strv->items), compare_items);
}

char *
cw_strv_join(const struct cw_strv *strv, const char *separator)
{
	struct cw_buf buf = {0};

	for (size_t i = 0; i < strv->count; i++) {
		if (i > 0)
			cw_buf_add_text(&buf, separator);
		cw_buf_add_text(&buf, strv->items[i]);
	}
	return cw_buf_take(&buf);
}

char *const *
cw_strv_items(const struct cw_strv *strv)
{
	static char *const none[] = {NULL};

	return strv->items == NULL ? none : strv->items;
}

void
cw_strv_copy(struct cw_strv *to, const struct cw_strv *from)
{
	if (to == from)
		return;
	cw_strv_clear(to);
	cw_strv_add_all(to, from);
}

void
cw_strv_clear(struct cw_strv *strv)
{
	for (size_t i = 0; i < strv->count; i++)
		free(strv->items[i]);
	free(strv->items);
	*strv = (struct cw_strv){0};
}
