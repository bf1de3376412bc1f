#include "words.h"
#include <stdlib.h>
#include <string.h>

struct words
words_new(size_t count)
{
	struct words words = {calloc(count + 1, sizeof(char *)), 0, 0};

	words.failed = words.items == NULL;
	return words;
}

void
words_take(struct words *words, char *text)
{
	if (text == NULL || words->items == NULL) {
		words->failed = 1;
		free(text);
	} else {
		words->items[words->count++] = text;
	}
}

void
words_add(struct words *words, const char *text)
{
	words_take(words, strdup(text));
}

char **
words_finish(struct words *words)
{
	char **items = words->items;

	words->items = NULL;
	if (!words->failed)
		return items;
	words_free(items);
	return NULL;
}

void
words_free(char **items)
{
	for (size_t i = 0; items != NULL && items[i] != NULL; i++)
		free(items[i]);
	free(items);
}

char *
new_text(const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	return length >= 0 ? text : NULL;
}
