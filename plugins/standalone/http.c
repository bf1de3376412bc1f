#include "http.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "request.h"

enum { DRAIN_MAX = 64 * 1024 };

struct http {
	const struct cw_host *host;
	int descriptor;
	char request[REQUEST_MAX];
	size_t received;
	char *answer; /* NULL until the request is complete */
	size_t answer_length;
	size_t sent;
	size_t drained; /* bytes read and dropped after the answer */
};

static void *
http_begin(void *context, int descriptor)
{
	struct http *http = malloc(sizeof(*http));

	if (http == NULL)
		return NULL;
	/* Not the request: only received bytes of it are read. */
	http->host = context;
	http->descriptor = descriptor;
	http->received = 0;
	http->answer = NULL;
	http->answer_length = http->sent = http->drained = 0;
	return http;
}

static void
http_end(void *state)
{
	struct http *http = state;

	free(http->answer);
	free(http);
}

static int
not_yet(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* Closing with unread bytes would make the kernel reset the connection, and the answer could be
 * lost. So read first what the client still sends. */
static short
drain(struct http *http)
{
	char dropped[4096];
	ssize_t got = recv(http->descriptor, dropped, sizeof(dropped), 0);

	if (got < 0)
		return not_yet() ? POLLIN : 0;
	http->drained += (size_t)got;
	return got > 0 && http->drained <= DRAIN_MAX ? POLLIN : 0;
}

static short
send_answer(struct http *http)
{
	ssize_t sent = send(http->descriptor, http->answer + http->sent,
			    http->answer_length - http->sent, MSG_NOSIGNAL);

	if (sent < 0)
		return not_yet() ? POLLOUT : 0;
	http->sent += (size_t)sent;
	if (http->sent < http->answer_length)
		return POLLOUT;
	shutdown(http->descriptor, SHUT_WR);
	return POLLIN;
}

static short
receive(struct http *http)
{
	ssize_t got = recv(http->descriptor, http->request + http->received,
			   REQUEST_MAX - http->received, 0);

	if (got < 0)
		return not_yet() ? POLLIN : 0;
	if (got == 0)
		return 0;
	http->received += (size_t)got;
	if (request_complete(http->request, http->received))
		http->answer = request_answer(http->host, http->request, http->received,
					      &http->answer_length);
	else if (http->received == REQUEST_MAX)
		http->answer = request_too_long(&http->answer_length);
	else
		return POLLIN;
	return http->answer != NULL ? send_answer(http) : 0;
}

static short
http_ready(void *state)
{
	struct http *http = state;

	if (http->answer == NULL)
		return receive(http);
	return http->sent < http->answer_length ? send_answer(http) : drain(http);
}

const struct protocol http_protocol = {http_begin, http_ready, http_end};
