/* Answers a request's head (RFC 9112). */
#ifndef STANDALONE_REQUEST_H
#define STANDALONE_REQUEST_H

#include <certwright/plugin.h>

enum { REQUEST_MAX = 8192 /* bytes of request line and headers */ };

/* Whether the LENGTH bytes at DATA contain the end of a head, an empty line. */
int request_complete(const char *data, size_t length);
/* The answer, head and body, to the head at DATA, from the tokens of the run. Release with
 * free(). NULL if out of memory. */
char *request_answer(const struct cw_host *host, const char *data, size_t length,
		     size_t *answer_length);
/* The answer to a head that is too long. */
char *request_too_long(size_t *answer_length);

#endif
