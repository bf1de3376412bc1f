#include "request.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tokens.h"

enum { HEAD_MAX = 512 };

int
request_complete(const char *data, size_t length)
{
	for (size_t i = 0; i + 1 < length; i++) {
		if (data[i] != '\n')
			continue;
		if (data[i + 1] == '\n' ||
		    (i + 2 < length && data[i + 1] == '\r' && data[i + 2] == '\n'))
			return 1;
	}
	return 0;
}

/* STATUS is like "200 OK". HEADERS are more header lines with line ends. HEAD: without a body. */
static char *
make_answer(const char *status, const char *headers, const char *body, size_t body_length, int head,
	    size_t *length)
{
	char *answer = malloc(HEAD_MAX + body_length);
	int head_length;

	if (answer == NULL)
		return NULL;
	head_length = snprintf(answer, HEAD_MAX,
			       "HTTP/1.1 %s\r\n"
			       "Content-Length: %zu\r\n"
			       "%s"
			       "Cache-Control: no-store\r\n"
			       "X-Content-Type-Options: nosniff\r\n"
			       "Connection: close\r\n"
			       "\r\n",
			       status, body_length, headers);
	if (head_length < 0 || head_length >= HEAD_MAX) {
		free(answer);
		return NULL;
	}
	*length = (size_t)head_length;
	if (!head) {
		memcpy(answer + head_length, body, body_length);
		*length += body_length;
	}
	return answer;
}

static char *
text_answer(const char *status, const char *more, const char *text, int head, size_t *length)
{
	char headers[128];

	snprintf(headers, sizeof(headers), "Content-Type: text/plain; charset=utf-8\r\n%s", more);
	return make_answer(status, headers, text, strlen(text), head, length);
}

char *
request_too_long(size_t *answer_length)
{
	return text_answer("431 Request Header Fields Too Large", "", "The request is too long.\n",
			   0, answer_length);
}

/* Moves past the next word of a line that ends at END; returns its length. */
static size_t
next_word(const char **at, const char *end, const char **word)
{
	size_t length = 0;

	*word = *at;
	while (*at + length < end && (*at)[length] != ' ')
		length++;
	*at += length;
	if (*at < end)
		(*at)++;
	return length;
}

static int
is(const char *word, size_t length, const char *text)
{
	return length == strlen(text) && memcmp(word, text, length) == 0;
}

/* Reduces a request target in origin or absolute form to its path (RFC 9112 section 3.2). */
static void
only_path(const char **target, size_t *length)
{
	const char *query, *slash;

	if (*length > 7 && strncmp(*target, "http://", 7) == 0) {
		slash = memchr(*target + 7, '/', *length - 7);
		if (slash == NULL)
			return;
		*length -= (size_t)(slash - *target);
		*target = slash;
	}
	query = memchr(*target, '?', *length);
	if (query != NULL)
		*length = (size_t)(query - *target);
}

char *
request_answer(const struct cw_host *host, const char *data, size_t length, size_t *answer_length)
{
	const char *end = memchr(data, '\n', length);
	const char *at = data, *method, *target, *version;
	size_t method_length, target_length, version_length, text_length = 0;
	char *value, *answer;
	int head;

#ifdef CW_TEST_HOLES
	cw_test_hole("request", data, length);
#endif
	if (end > data && end[-1] == '\r')
		end--;
	method_length = next_word(&at, end, &method);
	target_length = next_word(&at, end, &target);
	version_length = next_word(&at, end, &version);
	if (method_length == 0 || target_length == 0 || version_length != strlen("HTTP/1.1") ||
	    memcmp(version, "HTTP/1.", 7) != 0)
		return text_answer("400 Bad Request", "", "This is not an HTTP request.\n", 0,
				   answer_length);
	head = is(method, method_length, "HEAD");
	if (!head && !is(method, method_length, "GET"))
		return text_answer("405 Method Not Allowed", "Allow: GET, HEAD\r\n",
				   "Only GET and HEAD are answered here.\n", 0, answer_length);
	only_path(&target, &target_length);
	value = token_get(host, target, target_length, &text_length);
	if (value == NULL)
		return text_answer("404 Not Found", "", "There is no such challenge here.\n", head,
				   answer_length);
	cw_host_log(host, CW_LOG_DEBUG, "answered %.*s %.*s", (int)method_length, method,
		    (int)target_length, target);
	answer = make_answer("200 OK", "Content-Type: application/octet-stream\r\n", value,
			     text_length, head, answer_length);
	free(value);
	return answer;
}
