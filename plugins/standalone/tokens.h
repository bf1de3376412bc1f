/* What the server answers with: any worker's tokens, in the store that the run shares. */
#ifndef STANDALONE_TOKENS_H
#define STANDALONE_TOKENS_H

#include <certwright/plugin.h>

/* Makes the path of a challenge ("/.well-known/acme-challenge/TOKEN") be answered with TEXT; NULL
 * ends it. CW_OK, or what the service failed with. */
int token_put(const struct cw_host *host, const char *path, const char *text);
/* The answer for PATH (LENGTH bytes), or NULL; release with cw_host_release(); *TEXT points into
 * it. */
char *token_get(const struct cw_host *host, const char *path, size_t length, const char **text,
		size_t *text_length);

#endif
