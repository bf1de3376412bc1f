/*
 * nginx's configuration language, without loss: a tree of directives that point into the text,
 * which stays as it is. What nginx's own reader (ngx_conf_file.c) takes is taken, what it refuses
 * as syntax is refused; whether a directive exists or is in its place is nginx's to say.
 *
 * The bodies of directives that end in "_by_lua_block" are Lua: one directive without children.
 */
#ifndef NGINX_SYNTAX_H
#define NGINX_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "memory.h"

enum { SYNTAX_LENGTH_MAX = 1 << 30 /* bytes of one text */ };

/* Part of the text, quotes included. */
struct word {
	uint32_t start, end;
};

struct syntax;

struct directive {
	const struct syntax *syntax;
	struct directive *parent; /* the root has none */
	struct directive *next, *first_child, *last_child;
	struct word *words; /* the first is the directive's name */
	uint32_t word_count;
	uint32_t body;     /* where the '{' is; 0: it has no body */
	uint32_t body_end; /* where the '}' is */
	uint32_t end;      /* after the ';' or '}' */
};

struct syntax {
	const char *text; /* borrowed */
	size_t length;
	struct arena *arena;   /* borrowed */
	struct directive root; /* its children are the directives of the outermost level */
	void *owner;           /* the caller's own */
};

struct syntax_error {
	size_t line, column; /* from 1, in bytes */
	char message[256];   /* what was expected or is wrong there */
};

/* Parses LENGTH bytes of TEXT, which must live as long as ARENA, where the tree is made. Returns
 * NULL and fills ERROR when it is not of the language. */
struct syntax *syntax_parse(struct arena *arena, const char *text, size_t length,
			    struct syntax_error *error);
/* Writes the tree, piece by piece, to OUT: the text that it was made from. */
void syntax_write(const struct syntax *syntax, struct text *out);

/* What nginx makes of a word: quotes and escapes resolved. Lives as long as the tree. */
const char *syntax_value(const struct directive *directive, size_t index);
/* Whether the directive's name is NAME. */
bool syntax_is(const struct directive *directive, const char *name);
/* Where the directive begins. */
uint32_t syntax_start(const struct directive *directive);
/* The line, from 1, of an offset. */
size_t syntax_line(const struct syntax *syntax, size_t offset);
/* VALUE as a word: quoted only when it must be. Release with free(). */
char *syntax_quote(const char *value);

/* The next directive in the order of the text, children included, below TOP; NULL: no more. Begin
 * with TOP itself. */
struct directive *syntax_walk(const struct directive *top, const struct directive *at);

#endif
