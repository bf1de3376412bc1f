/*
 * The answers of the servers. The workers of a run share a listening socket, so any worker may be
 * asked for another worker's answer.
 */
#ifndef STANDALONE_ANSWERS_H
#define STANDALONE_ANSWERS_H

#include <certwright/plugin.h>

/* Sets the answer for NAME to TEXT, replacing an earlier one. KIND has letters, digits and '-'.
 * CW_OK, or the service's status. */
int answer_put(const struct cw_host *host, const char *kind, const char *name, const char *text);
/* Removes the answer, unless it is another text by now. */
int answer_remove(const struct cw_host *host, const char *kind, const char *name, const char *text);
/* The text for NAME (LENGTH bytes), NUL-terminated, or NULL. Release with free(). */
char *answer_get(const struct cw_host *host, const char *kind, const char *name, size_t length,
		 size_t *text_length);

#endif
