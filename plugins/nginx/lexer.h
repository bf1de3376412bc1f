/* Tokens of nginx's configuration language. */
#ifndef NGINX_LEXER_H
#define NGINX_LEXER_H

#include "syntax.h"

enum token {
	TOKEN_WORD,
	TOKEN_SEMICOLON,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_END,
	TOKEN_ERROR /* the error is filled */
};

struct lexer {
	const char *text;
	size_t length;
	size_t at; /* where the next token is read */
	struct syntax_error *error;
};

/* The next token, without the blanks and comments before it; *WORD is where it stands. */
enum token lexer_next(struct lexer *lexer, struct word *word);
/* Skips a Lua body whose '{' was just read; *END is the place of its '}'. */
bool lexer_skip_lua(struct lexer *lexer, uint32_t *end);
/* Fills the lexer's error for the byte at OFFSET. Returns TOKEN_ERROR. */
enum token lexer_fail(struct lexer *lexer, size_t offset, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
