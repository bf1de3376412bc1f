#include "words.h"
#include <ctype.h>
#include <string.h>

static const char *
skip_blanks(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* Up to the quote that ends the word: "\" goes before that quote or another "\". */
static const char *
quoted_word(struct arena *arena, const char **text)
{
	char quote = **text;
	const char *at = *text + 1;
	char *word = arena_alloc(arena, strlen(at) + 1), *end = word;

	while (*at != '\0' && *at != quote) {
		if (*at == '\\' && (at[1] == '\\' || at[1] == quote))
			at++;
		*end++ = *at++;
	}
	*text = skip_blanks(*at == quote ? at + 1 : at);
	return word;
}

const char *
words_next(struct arena *arena, const char **text)
{
	const char *at = skip_blanks(*text), *end = at;

	*text = at;
	if (*at == '"' || *at == '\'')
		return quoted_word(arena, text);
	while (*end != '\0' && !isspace((unsigned char)*end))
		end++;
	*text = skip_blanks(end);
	return arena_copy(arena, at, (size_t)(end - at));
}

struct words
words_split(struct arena *arena, const char *text)
{
	struct words words = {0};
	size_t room = 1;

	/* Words in quotes need no blanks between them. */
	for (const char *at = text; *at != '\0'; at++)
		room += isspace((unsigned char)*at) || *at == '"' || *at == '\'';
	words.items = arena_alloc(arena, (room + 1) * sizeof(*words.items));
	text = skip_blanks(text);
	while (*text != '\0')
		words.items[words.count++] = words_next(arena, &text);
	return words;
}

char *
words_quote(const char *value)
{
	auto_text struct text out = {0};

	if (*value != '\0' && *value != '"' && *value != '\'' && strpbrk(value, " \t\\") == NULL)
		return memory_copy(value, strlen(value));
	text_add_string(&out, "\"");
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			text_add_string(&out, "\\");
		text_add(&out, value, 1);
	}
	text_add_string(&out, "\"");
	return memory_copy(out.data, out.length);
}
