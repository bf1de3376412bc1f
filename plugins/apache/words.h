/* The words of a directive, as Apache separates them. */
#ifndef APACHE_WORDS_H
#define APACHE_WORDS_H

#include "../common/memory.h"

struct words {
	const char **items;
	size_t count;
};

/* The next word of *TEXT, without its quotes, which may be " or '. Moves *TEXT behind it and the
 * blanks that follow. "" at the end. Lives as long as the arena. */
const char *words_next(struct arena *arena, const char **text);
/* All words of TEXT. */
struct words words_split(struct arena *arena, const char *text);
/* VALUE as a word, quoted only if necessary. Release with free(). */
char *words_quote(const char *value);

#endif
