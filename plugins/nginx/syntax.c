#include "syntax.h"
#include <stdlib.h>
#include <string.h>
#include "lexer.h"

struct parser {
	struct lexer lexer;
	struct syntax *syntax;
	struct directive *block; /* whose body is being read */
	struct word *words;      /* of the directive being read */
	size_t count, room;
};

static void
add_word(struct parser *parser, struct word word)
{
	if (parser->count == parser->room) {
		parser->room = parser->room > 0 ? parser->room * 2 : 16;
		parser->words = memory_resize(parser->words, parser->room, sizeof(word));
	}
	parser->words[parser->count++] = word;
}

/* Makes a directive from the words read. */
static struct directive *
add_directive(struct parser *parser)
{
	struct directive *directive = arena_alloc(parser->syntax->arena, sizeof(*directive));
	size_t size = parser->count * sizeof(*parser->words);

	directive->syntax = parser->syntax;
	directive->parent = parser->block;
	directive->words = arena_alloc(parser->syntax->arena, size);
	memcpy(directive->words, parser->words, size);
	directive->word_count = (uint32_t)parser->count;
	parser->count = 0;
	if (parser->block->last_child != NULL)
		parser->block->last_child->next = directive;
	else
		parser->block->first_child = directive;
	parser->block->last_child = directive;
	return directive;
}

static bool
is_lua(const struct directive *directive)
{
	static const char suffix[] = "_by_lua_block";
	const struct word *name = &directive->words[0];
	size_t length = name->end - name->start;

	return length > sizeof(suffix) - 1 &&
	       memcmp(directive->syntax->text + name->end - (sizeof(suffix) - 1), suffix,
		      sizeof(suffix) - 1) == 0;
}

static bool
open_block(struct parser *parser, struct word mark)
{
	struct directive *directive;

	if (parser->count == 0)
		return lexer_fail(&parser->lexer, mark.start,
				  "expected a directive before \"{\"") != TOKEN_ERROR;
	directive = add_directive(parser);
	directive->body = mark.start;
	if (!is_lua(directive)) {
		parser->block = directive;
		return true;
	}
	if (!lexer_skip_lua(&parser->lexer, &directive->body_end))
		return false;
	directive->end = directive->body_end + 1;
	return true;
}

static bool
close_block(struct parser *parser, struct word mark)
{
	struct directive *block = parser->block;

	if (parser->count > 0)
		return lexer_fail(&parser->lexer, mark.start,
				  "expected \";\" or \"{\" before \"}\"") != TOKEN_ERROR;
	if (block->parent == NULL)
		return lexer_fail(&parser->lexer, mark.start,
				  "expected a directive; this \"}\" closes no block") !=
		       TOKEN_ERROR;
	block->body_end = mark.start;
	block->end = mark.end;
	parser->block = block->parent;
	return true;
}

static bool
end_directive(struct parser *parser, struct word mark)
{
	if (parser->count == 0)
		return lexer_fail(&parser->lexer, mark.start,
				  "expected a directive before \";\"") != TOKEN_ERROR;
	add_directive(parser)->end = mark.end;
	return true;
}

static bool
end_text(struct parser *parser)
{
	const struct directive *block = parser->block;

	if (parser->count > 0)
		return lexer_fail(&parser->lexer, parser->lexer.length,
				  "expected \";\" or \"{\" before the end of the file") !=
		       TOKEN_ERROR;
	if (block->parent != NULL)
		return lexer_fail(&parser->lexer, parser->lexer.length,
				  "expected the \"}\" of the block that line %zu opens",
				  syntax_line(block->syntax, block->body)) != TOKEN_ERROR;
	return true;
}

static bool
parse(struct parser *parser)
{
	struct word word;

	for (;;) {
		bool good = true;

		switch (lexer_next(&parser->lexer, &word)) {
		case TOKEN_WORD: add_word(parser, word); break;
		case TOKEN_SEMICOLON: good = end_directive(parser, word); break;
		case TOKEN_OPEN: good = open_block(parser, word); break;
		case TOKEN_CLOSE: good = close_block(parser, word); break;
		case TOKEN_END: return end_text(parser);
		case TOKEN_ERROR: return false;
		}
		if (!good)
			return false;
	}
}

struct syntax *
syntax_parse(struct arena *arena, const char *text, size_t length, struct syntax_error *error)
{
	struct syntax *syntax = arena_alloc(arena, sizeof(*syntax));
	struct parser parser = {.syntax = syntax};
	bool good;

	syntax->text = text;
	syntax->length = length;
	syntax->arena = arena;
	syntax->root.syntax = syntax;
	syntax->root.body_end = syntax->root.end = (uint32_t)length;
	parser.block = &syntax->root;
	parser.lexer = (struct lexer){.text = text, .length = length, .error = error};
	if (length > SYNTAX_LENGTH_MAX) {
		lexer_fail(&parser.lexer, 0, "the file is larger than 1 GiB");
		return NULL;
	}
	good = parse(&parser);
	free(parser.words);
	return good ? syntax : NULL;
}

struct directive *
syntax_walk(const struct directive *top, const struct directive *at)
{
	if (at->first_child != NULL)
		return at->first_child;
	while (at != top && at->next == NULL)
		at = at->parent;
	return at == top ? NULL : at->next;
}

/* Writes the text from the end of OUT up to END. */
static void
write_to(const struct syntax *syntax, struct text *out, size_t end)
{
	text_add(out, syntax->text + out->length, end - out->length);
}

static void
write_head(const struct directive *directive, struct text *out)
{
	const struct syntax *syntax = directive->syntax;

	for (size_t i = 0; i < directive->word_count; i++) {
		write_to(syntax, out, directive->words[i].start);
		write_to(syntax, out, directive->words[i].end);
	}
	write_to(syntax, out, directive->body > 0 ? directive->body + 1 : directive->end);
}

void
syntax_write(const struct syntax *syntax, struct text *out)
{
	const struct directive *directive = &syntax->root;

	for (;;) {
		const struct directive *next = directive->first_child;

		/* Close every block that ends before the next directive. */
		while (next == NULL && directive->parent != NULL) {
			write_to(syntax, out, directive->end);
			next = directive->next;
			if (next == NULL)
				directive = directive->parent;
		}
		if (next == NULL)
			break;
		directive = next;
		write_head(directive, out);
	}
	write_to(syntax, out, syntax->length);
}
