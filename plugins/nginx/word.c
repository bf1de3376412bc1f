/* Decodes and encodes words of the configuration. */
#include <string.h>
#include "syntax.h"

/* As ngx_conf_read_token(): decodes these escapes; others keep the backslash. */
static bool
unescape(char byte, char *value)
{
	switch (byte) {
	case '"':
	case '\'':
	case '\\': *value = byte; return true;
	case 't': *value = '\t'; return true;
	case 'r': *value = '\r'; return true;
	case 'n': *value = '\n'; return true;
	default: return false;
	}
}

const char *
syntax_value(const struct directive *directive, size_t index)
{
	const struct syntax *syntax = directive->syntax;
	struct word word = directive->words[index];
	const char *text = syntax->text;
	char *value;
	size_t length = 0;

	if (text[word.start] == '"' || text[word.start] == '\'') {
		word.start++;
		word.end--;
	}
	value = arena_alloc(syntax->arena, word.end - word.start + 1);
	for (size_t at = word.start; at < word.end; at++) {
		if (text[at] == '\\' && at + 1 < word.end &&
		    unescape(text[at + 1], &value[length])) {
			length++;
			at++;
		} else {
			value[length++] = text[at];
		}
	}
	value[length] = '\0';
	return value;
}

bool
syntax_is(const struct directive *directive, const char *name)
{
	const struct word *word;
	size_t length = strlen(name);

	if (directive->word_count == 0)
		return false;
	word = &directive->words[0];
	if (word->end - word->start == length)
		return memcmp(directive->syntax->text + word->start, name, length) == 0;
	/* A name is rarely quoted or escaped, but nginx allows it. */
	return memchr(directive->syntax->text + word->start, '\\', word->end - word->start) ||
			       strchr("\"'", directive->syntax->text[word->start]) != NULL
		       ? strcmp(syntax_value(directive, 0), name) == 0
		       : false;
}

uint32_t
syntax_start(const struct directive *directive)
{
	return directive->word_count > 0 ? directive->words[0].start : 0;
}

size_t
syntax_line(const struct syntax *syntax, size_t offset)
{
	size_t line = 1;

	for (size_t i = 0; i < offset && i < syntax->length; i++)
		line += syntax->text[i] == '\n';
	return line;
}

char *
syntax_quote(const char *value)
{
	auto_text struct text out = {0};
	bool bare = *value != '\0' && strchr("\"'#}", *value) == NULL &&
		    strpbrk(value, " \t\r\n;{\\") == NULL;

	if (bare)
		return memory_copy(value, strlen(value));
	text_add_string(&out, "\"");
	for (const char *byte = value; *byte != '\0'; byte++) {
		if (*byte == '"' || *byte == '\\')
			text_add_string(&out, "\\");
		text_add(&out, byte, 1);
	}
	text_add_string(&out, "\"");
	return memory_copy(out.data, out.length);
}
