#include <certwright/certwright.h>
#include <config.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "library/channel.h"
#include "library/failure.h"
#include "library/protocol.h"
#include "library/spawn.h"

/* Milliseconds. */
#define HELLO_LIMIT 10000
#define SEND_LIMIT 60000

#define CLOSED_HINT "free this client and make another one"

struct cw_client {
	pid_t owner; /* the process that made it */
	struct cw_channel channel;
	pthread_mutex_t sending; /* may be held for long */
	pthread_mutex_t state;   /* of what follows, and of receiving */
	bool calling;
	bool succeeded;            /* the call that has ended */
	struct cw_failure refusal; /* of the call in progress: it ends with this */
	struct cw_failure broken;  /* of the connection: all calls end with this */
	char path[PATH_MAX];
};

const char *
cw_version(void)
{
	return PACKAGE_VERSION;
}

void
cw_free(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

/* The versions are exchanged first: a program of another protocol is never sent a request. */
static int
check_hello(struct cw_client *client, int kind, const char *text, struct cw_failure *failure)
{
	static const char hint[] = "install the same version of the program and of the library";
	unsigned protocol;
	char version[64];

	if (kind == CW_FRAME_HELLO && sscanf(text, "%u %63s", &protocol, version) == 2) {
		if (protocol == CW_PROTOCOL)
			return 0;
		return cw_failure_set(failure, "unsupported", hint,
				      "the program %s (version %s) is %s than this library "
				      "(version " PACKAGE_VERSION ")",
				      client->path, version,
				      protocol < CW_PROTOCOL ? "older" : "newer");
	}
	return cw_failure_set(
		failure, "unsupported", hint,
		"the program %s does not answer this library (version " PACKAGE_VERSION
		"): it is older, or is not certwright",
		client->path);
}

static int
receive_hello(struct cw_client *client, struct cw_failure *failure)
{
	char *text = NULL;
	int status;
	int kind;

	for (;;) {
		kind = cw_channel_take(&client->channel, &text);
		if (kind != 0 || !cw_channel_wait(&client->channel, HELLO_LIMIT))
			break;
	}
	if (kind < 0 && errno == ENOMEM)
		return cw_failure_set(failure, "no-memory", NULL, "out of memory");
	status = check_hello(client, kind, text, failure);
	cw_free(text);
	return status;
}

static void
destroy(struct cw_client *client)
{
	cw_channel_close(&client->channel);
	pthread_mutex_destroy(&client->sending);
	pthread_mutex_destroy(&client->state);
	free(client);
}

int
cw_client_new(const struct cw_client_options *options, struct cw_client **client, char **answer)
{
	struct cw_failure failure = {0};
	struct cw_client *made = calloc(1, sizeof(*made));
	pid_t child;
	int status;

	*client = NULL;
	if (answer != NULL)
		*answer = NULL;
	if (made == NULL)
		return -1;
	made->owner = getpid();
	made->channel.socket = -1;
	made->channel.limit = CW_ANSWER_MAX;
	made->channel.send_limit = SEND_LIMIT;
	pthread_mutex_init(&made->sending, NULL);
	pthread_mutex_init(&made->state, NULL);
	status = cw_program_start(options, made->path, &made->channel.socket, &child, &failure);
	if (status == 0) {
		status = receive_hello(made, &failure);
		cw_program_left(child, status < 0);
	}
	if (status == 0) {
		*client = made;
		return 0;
	}
	if (answer != NULL)
		*answer = cw_failure_answer(&failure);
	destroy(made);
	return -1;
}

/* After fork(), locks may be held by threads that the child does not have. */
static bool
is_foreign(const struct cw_client *client)
{
	return client->owner != getpid();
}

void
cw_client_cancel(struct cw_client *client)
{
	if (!is_foreign(client))
		shutdown(client->channel.socket, SHUT_WR);
}

void
cw_client_free(struct cw_client *client)
{
	if (client == NULL)
		return;
	if (is_foreign(client)) {
		cw_channel_close(&client->channel);
		free(client);
		return;
	}
	shutdown(client->channel.socket, SHUT_RDWR);
	destroy(client);
}

int
cw_client_fd(const struct cw_client *client)
{
	return client->channel.socket;
}

/* Notes why the connection is of no more use. */
static void
note_break(struct cw_client *client, int code)
{
	char reason[CW_REASON_SIZE];

	if (client->broken.status != NULL)
		return;
	if (code == EPIPE || code == ECONNRESET)
		cw_failure_set(&client->broken, "io", CLOSED_HINT,
			       "the connection to the program %s is closed", client->path);
	else if (code == EPROTO || code == EMSGSIZE)
		cw_failure_set(&client->broken, "protocol", CLOSED_HINT,
			       "the program %s sent what is not a message", client->path);
	else
		cw_failure_set(&client->broken, "io", CLOSED_HINT,
			       "cannot talk to the program %s: %s", client->path,
			       cw_failure_reason(code, reason));
}

static int
begin_call(struct cw_client *client, size_t length)
{
	int status = 0;

	pthread_mutex_lock(&client->state);
	if (client->calling) {
		status = -1;
	} else {
		client->calling = true;
		client->refusal.status = NULL;
		if (length > CW_REQUEST_MAX)
			cw_failure_set(&client->refusal, "invalid", "make several smaller requests",
				       "the request is too large: it has %zu bytes, and at most %d "
				       "are allowed",
				       length, CW_REQUEST_MAX);
	}
	pthread_mutex_unlock(&client->state);
	return status;
}

/* Returns 0 or an errno. What was sent in part cannot be gone on with. */
static int
send_text(struct cw_client *client, char kind, const char *text, size_t length)
{
	int code = 0;

	pthread_mutex_lock(&client->sending);
	if (cw_channel_send(&client->channel, kind, text, length) < 0) {
		code = errno;
		shutdown(client->channel.socket, SHUT_WR);
	}
	pthread_mutex_unlock(&client->sending);
	return code;
}

static int
start_call(struct cw_client *client, const char *request, char kind)
{
	size_t length = strlen(request);
	int code;

	if (is_foreign(client)) {
		errno = ECHILD;
		return -1;
	}
	if (begin_call(client, length) < 0) {
		errno = EBUSY;
		return -1;
	}
	if (length > CW_REQUEST_MAX)
		return 0;
	code = send_text(client, kind, request, length);
	/* A program that has closed the socket may have said why: receiving tells. */
	if (code != 0 && code != EPIPE && code != ECONNRESET) {
		pthread_mutex_lock(&client->state);
		note_break(client, code);
		pthread_mutex_unlock(&client->state);
	}
	return 0;
}

int
cw_call_start(struct cw_client *client, const char *request)
{
	return start_call(client, request, CW_FRAME_REQUEST);
}

static int
end_call(struct cw_client *client, const struct cw_failure *failure, char **event)
{
	*event = cw_failure_answer(failure);
	if (*event == NULL) {
		errno = ENOMEM;
		return -1;
	}
	client->calling = false;
	client->succeeded = false;
	return CW_EVENT_ANSWER;
}

static int
next_event(struct cw_client *client, char **event)
{
	int kind = 0;

	if (client->calling && client->refusal.status != NULL)
		return end_call(client, &client->refusal, event);
	if (client->broken.status == NULL) {
		kind = cw_channel_take(&client->channel, event);
		if (kind < 0 && errno == ENOMEM)
			return -1;
		if (kind < 0)
			note_break(client, errno);
	}
	if (client->broken.status != NULL && client->calling)
		return end_call(client, &client->broken, event);
	if (client->broken.status != NULL) {
		errno = EPIPE;
		return -1;
	}
	switch (kind) {
	case 0: return CW_EVENT_NONE;
	case CW_FRAME_NOTE: return CW_EVENT_NOTE;
	case CW_FRAME_QUESTION: return CW_EVENT_QUESTION;
	case CW_FRAME_ANSWER:
	case CW_FRAME_FAILURE:
		client->calling = false;
		client->succeeded = kind == CW_FRAME_ANSWER;
		return CW_EVENT_ANSWER;
	default: break;
	}
	cw_free(*event);
	*event = NULL;
	note_break(client, EPROTO);
	return next_event(client, event);
}

static void
fail_foreign(const struct cw_client *client, struct cw_failure *failure)
{
	cw_failure_set(failure, "invalid", "make a client in each process, after fork()",
		       "this client belongs to the process %ld, of which this one is a fork",
		       (long)client->owner);
}

int
cw_client_next_event(struct cw_client *client, char **event)
{
	int kind;

	*event = NULL;
	if (is_foreign(client)) {
		struct cw_failure failure = {0};

		fail_foreign(client, &failure);
		*event = cw_failure_answer(&failure);
		return *event != NULL ? CW_EVENT_ANSWER : -1;
	}
	pthread_mutex_lock(&client->state);
	kind = next_event(client, event);
	pthread_mutex_unlock(&client->state);
	return kind;
}

int
cw_client_reply(struct cw_client *client, const char *reply)
{
	size_t length = strlen(reply);
	int code = 0;

	if (is_foreign(client))
		code = ECHILD;
	else if (length > CW_REQUEST_MAX)
		code = EMSGSIZE;
	else
		code = send_text(client, CW_FRAME_REPLY, reply, length);
	errno = code;
	return code == 0 ? 0 : -1;
}

static int
refuse(struct cw_client *client, int code, char **answer)
{
	struct cw_failure failure = {0};

	if (code == ECHILD)
		fail_foreign(client, &failure);
	else
		cw_failure_set(&failure, "busy", "use one client for each thread",
			       "this client has a call in progress");
	*answer = cw_failure_answer(&failure);
	return -1;
}

int
cw_call(struct cw_client *client, const char *request, char **answer)
{
	*answer = NULL;
	if (start_call(client, request, CW_FRAME_LONE_REQUEST) < 0)
		return refuse(client, errno, answer);
	for (;;) {
		int kind = cw_client_next_event(client, answer);

		if (kind == CW_EVENT_ANSWER)
			return client->succeeded ? 0 : -1;
		if (kind < 0)
			return -1;
		cw_free(*answer);
		if (kind == CW_EVENT_NONE)
			cw_channel_wait(&client->channel, -1);
	}
}
