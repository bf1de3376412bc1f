/* The answers to http-01 challenges. */
#ifndef STANDALONE_TOKENS_H
#define STANDALONE_TOKENS_H

#include "answers.h"

/* Sets the answer for the path of a challenge ("/.well-known/acme-challenge/TOKEN") to TEXT.
 * CW_OK, or the service's status. */
int token_put(const struct cw_host *host, const char *path, const char *text);
int token_remove(const struct cw_host *host, const char *path, const char *text);
/* The answer for PATH (LENGTH bytes), or NULL. Release with free(). */
char *token_get(const struct cw_host *host, const char *path, size_t length, size_t *text_length);

#endif
