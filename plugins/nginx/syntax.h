/*
 * nginx's configuration language, without loss: a tree of directives that point into the text,
 * which does not change. It accepts and rejects the same syntax as nginx's own reader
 * (ngx_conf_file.c). It does not check whether a directive exists or is allowed in its place.
 *
 * The bodies of directives that end in "_by_lua_block" are Lua: one directive without children.
 */
#ifndef NGINX_SYNTAX_H
#define NGINX_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/memory.h"

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
	uint32_t body;     /* the place of '{'; 0: no body */
	uint32_t body_end; /* the place of '}' */
	uint32_t end;      /* after the ';' or '}' */
};

struct syntax {
	const char *text; /* borrowed */
	size_t length;
	struct arena *arena;   /* borrowed */
	struct directive root; /* its children are the top-level directives */
	void *owner;           /* the caller's own */
};

struct syntax_error {
	size_t line, column; /* from 1, in bytes */
	char message[256];   /* what was expected or is wrong */
};

/* Parses LENGTH bytes of TEXT into a tree in ARENA; TEXT must live as long. Returns NULL and
 * fills ERROR on a syntax error. */
struct syntax *syntax_parse(struct arena *arena, const char *text, size_t length,
			    struct syntax_error *error);
/* Writes the tree to OUT, which gives the text it was made from. */
void syntax_write(const struct syntax *syntax, struct text *out);

/* The value of a word, with quotes and escapes resolved as nginx does. Lives as long as the
 * tree. */
const char *syntax_value(const struct directive *directive, size_t index);
/* Whether the directive's name is NAME. */
bool syntax_is(const struct directive *directive, const char *name);
/* Where the directive begins. */
uint32_t syntax_start(const struct directive *directive);
/* The line, from 1, of an offset. */
size_t syntax_line(const struct syntax *syntax, size_t offset);
/* VALUE as a word, quoted only if necessary. Release with free(). */
char *syntax_quote(const char *value);

/* The next directive below TOP in text order, including children; NULL at the end. Begin with
 * TOP. */
struct directive *syntax_walk(const struct directive *top, const struct directive *at);

#endif
