/* Strings that are made for a program: its arguments and its environment. */
#ifndef COMMON_WORDS_H
#define COMMON_WORDS_H

#include <certwright/plugin.h>

/* A NULL-terminated array, of a size that is known before. */
struct words {
	char **items; /* NULL: memory was out from the start */
	size_t count;
	int failed; /* memory ran out, and something is missing */
};

/* With room for COUNT words. */
struct words words_new(size_t count);
/* Takes TEXT over; NULL is what is left when memory ran out. */
void words_take(struct words *words, char *text);
/* Adds a copy. */
void words_add(struct words *words, const char *text);
/* The array, for words_free(); NULL when something is missing. */
char **words_finish(struct words *words);
void words_free(char **items); /* NULL is allowed */

/* As printf(3), into memory of its own; release with free(). NULL when memory is out. */
CW_PRINTF(1, 2)
char *text_format(const char *format, ...);

#endif
