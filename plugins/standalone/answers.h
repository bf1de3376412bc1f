/*
 * What the servers answer with. Workers of one run share a listening socket, so any of them may be
 * asked for the answer of any other.
 */
#ifndef STANDALONE_ANSWERS_H
#define STANDALONE_ANSWERS_H

#include <certwright/plugin.h>

/* Has NAME, of a KIND of letters, digits and '-', be answered with TEXT; a later one takes the
 * place of an earlier. CW_OK, or what the host's service failed with. */
int answer_put(const struct cw_host *host, const char *kind, const char *name, const char *text);
/* Ends that, unless it is answered with something else by now. */
int answer_remove(const struct cw_host *host, const char *kind, const char *name, const char *text);
/* The text for NAME (LENGTH bytes), NUL-terminated, to be released with free(); NULL: there is
 * none. */
char *answer_get(const struct cw_host *host, const char *kind, const char *name, size_t length,
		 size_t *text_length);

#endif
