/* Builds a program's arguments and environment. */
#ifndef COMMON_WORDS_H
#define COMMON_WORDS_H

#include <certwright/plugin.h>

/* A NULL-terminated array whose size is known in advance. */
struct words {
	char **items; /* NULL: out of memory from the start */
	size_t count;
	int failed; /* out of memory: something is missing */
};

/* Makes an array with room for COUNT words. */
struct words words_new(size_t count);
/* Takes over TEXT; NULL counts as out of memory. */
void words_take(struct words *words, char *text);
/* Adds a copy. */
void words_add(struct words *words, const char *text);
/* The array, for words_free(); NULL if something is missing. */
char **words_finish(struct words *words);
void words_free(char **items); /* NULL is allowed */

/* As asprintf(3): release with free(). NULL if out of memory. */
CW_PRINTF(1, 2)
char *new_text(const char *format, ...);

#endif
