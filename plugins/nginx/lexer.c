#include "lexer.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum token
lexer_fail(struct lexer *lexer, size_t offset, const char *format, ...)
{
	struct syntax_error *error = lexer->error;
	va_list arguments;

	error->line = error->column = 1;
	for (size_t i = 0; i < offset && i < lexer->length; i++) {
		error->column++;
		if (lexer->text[i] == '\n') {
			error->line++;
			error->column = 1;
		}
	}
	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	return TOKEN_ERROR;
}

static bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static void
skip_blanks(struct lexer *lexer)
{
	while (lexer->at < lexer->length) {
		char byte = lexer->text[lexer->at];

		if (byte == '#') {
			const char *end =
				memchr(lexer->text + lexer->at, '\n', lexer->length - lexer->at);

			lexer->at = end != NULL ? (size_t)(end - lexer->text) : lexer->length;
		} else if (is_blank(byte)) {
			lexer->at++;
		} else {
			return;
		}
	}
}

/* Reads up to the closing quote; the next token checks what follows. */
static enum token
read_quoted(struct lexer *lexer, struct word *word)
{
	char quote = lexer->text[lexer->at++];
	char after;

	while (lexer->at < lexer->length && lexer->text[lexer->at] != quote)
		lexer->at += lexer->text[lexer->at] == '\\' ? 2 : 1;
	if (lexer->at >= lexer->length) {
		lexer->at = lexer->length;
		return lexer_fail(lexer, word->start,
				  "expected the closing %c of the string that begins here", quote);
	}
	word->end = (uint32_t)++lexer->at;
	if (lexer->at == lexer->length)
		return TOKEN_WORD;
	after = lexer->text[lexer->at];
	/* nginx allows the ')' of an "if" here, as a separate word. */
	if (is_blank(after) || after == ';' || after == '{' || after == ')')
		return TOKEN_WORD;
	return lexer_fail(lexer, lexer->at,
			  "expected a blank, \";\" or \"{\" after the closing quote");
}

static enum token
read_bare(struct lexer *lexer, struct word *word)
{
	bool variable = false;

	for (; lexer->at < lexer->length; lexer->at++) {
		char byte = lexer->text[lexer->at];

		if (byte == '{' && variable)
			continue;
		variable = byte == '$';
		if (byte == '\\')
			lexer->at++;
		else if (is_blank(byte) || byte == ';' || byte == '{')
			break;
	}
	if (lexer->at > lexer->length)
		lexer->at = lexer->length;
	word->end = (uint32_t)lexer->at;
	return TOKEN_WORD;
}

enum token
lexer_next(struct lexer *lexer, struct word *word)
{
	skip_blanks(lexer);
	word->start = (uint32_t)lexer->at;
	word->end = word->start;
	if (lexer->at == lexer->length)
		return TOKEN_END;
	switch (lexer->text[lexer->at]) {
	case ';': word->end = (uint32_t)++lexer->at; return TOKEN_SEMICOLON;
	case '{': word->end = (uint32_t)++lexer->at; return TOKEN_OPEN;
	case '}': word->end = (uint32_t)++lexer->at; return TOKEN_CLOSE;
	case '"':
	case '\'': return read_quoted(lexer, word);
	default: return read_bare(lexer, word);
	}
}

/* Lua, by section 2.1 of the Lua 5.1 reference manual. */

/* The level of the long bracket here, or -1. */
static int
long_bracket(const struct lexer *lexer, size_t at)
{
	size_t begin = at;

	if (at >= lexer->length || lexer->text[at] != '[')
		return -1;
	for (at++; at < lexer->length && lexer->text[at] == '='; at++)
		;
	if (at >= lexer->length || lexer->text[at] != '[' || at - begin > 1000)
		return -1;
	return (int)(at - begin - 1);
}

static bool
skip_long(struct lexer *lexer, int level)
{
	size_t begin = lexer->at;

	for (lexer->at += (size_t)level + 2; lexer->at < lexer->length; lexer->at++) {
		size_t end = lexer->at + 1;
		int equals = 0;

		if (lexer->text[lexer->at] != ']')
			continue;
		while (end < lexer->length && lexer->text[end] == '=' && equals <= level) {
			end++;
			equals++;
		}
		if (equals == level && end < lexer->length && lexer->text[end] == ']') {
			lexer->at = end + 1;
			return true;
		}
	}
	lexer_fail(lexer, begin, "expected the end of the Lua long bracket that begins here");
	return false;
}

static bool
skip_lua_comment(struct lexer *lexer)
{
	int level = long_bracket(lexer, lexer->at + 2);

	if (level >= 0) {
		lexer->at += 2;
		return skip_long(lexer, level);
	}
	while (lexer->at < lexer->length && lexer->text[lexer->at] != '\n')
		lexer->at++;
	return true;
}

static bool
skip_lua_string(struct lexer *lexer)
{
	size_t begin = lexer->at;
	char quote = lexer->text[lexer->at++];

	while (lexer->at < lexer->length && lexer->text[lexer->at] != quote)
		lexer->at += lexer->text[lexer->at] == '\\' ? 2 : 1;
	if (lexer->at >= lexer->length) {
		lexer->at = lexer->length;
		lexer_fail(lexer, begin, "expected the closing %c of the Lua string", quote);
		return false;
	}
	lexer->at++;
	return true;
}

/* One token of Lua; the caller counts braces. */
static bool
skip_lua_piece(struct lexer *lexer)
{
	char byte = lexer->text[lexer->at];
	int level;

	if (byte == '-' && lexer->at + 1 < lexer->length && lexer->text[lexer->at + 1] == '-')
		return skip_lua_comment(lexer);
	if (byte == '"' || byte == '\'')
		return skip_lua_string(lexer);
	level = long_bracket(lexer, lexer->at);
	if (level >= 0)
		return skip_long(lexer, level);
	lexer->at++;
	return true;
}

bool
lexer_skip_lua(struct lexer *lexer, uint32_t *end)
{
	size_t begin = lexer->at - 1;
	size_t depth = 1;

	while (lexer->at < lexer->length) {
		char byte = lexer->text[lexer->at];

		if (byte == '{')
			depth++;
		if (byte == '}' && --depth == 0) {
			*end = (uint32_t)lexer->at++;
			return true;
		}
		if (!skip_lua_piece(lexer))
			return false;
	}
	lexer_fail(lexer, begin, "expected the \"}\" that ends the Lua block");
	return false;
}
