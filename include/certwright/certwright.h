/*
 * certwright/certwright.h - the library API of certwright: a request in JSON in, a certificate in
 * JSON out. Plugin authors want certwright/plugin.h instead.
 *
 * A client starts the program certwright and talks to it over a socket. So the library changes
 * nothing of the process that uses it: it catches no signal, has no global state, does its work in
 * no thread of yours, and depends on the C library alone. Each thread may have clients of its own,
 * and several at once. When your process ends, however it ends, the program notices: it removes
 * what it has published for challenges, releases its locks, and ends.
 *
 *     struct cw_client *client;
 *     char *answer;
 *
 *     if (cw_client_new(NULL, &client, &answer) == 0) {
 *             cw_call(client, "{\"verb\": \"certificates\"}", &answer);
 *             puts(answer);
 *             cw_client_free(client);
 *     }
 *     cw_free(answer);
 *
 * certwright(3) describes the requests, events and answers; certwright-library.schema.json has all
 * their members. All texts are UTF-8 and end with a NUL byte.
 */
#ifndef CERTWRIGHT_CERTWRIGHT_H
#define CERTWRIGHT_CERTWRIGHT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes that a request or a reply may have. */
#define CW_REQUEST_MAX (4 * 1024 * 1024)

struct cw_client;

/* Later versions append members. Fill it with zeros first. */
struct cw_client_options {
	size_t size; /* sizeof(struct cw_client_options) */
	/* The path of the program. NULL: the environment variable CERTWRIGHT_PROGRAM, or else the
	 * program that was installed with this library. */
	const char *program;
	/* The environment of the program, as for execve(). NULL: that of the caller. */
	const char *const *environment;
};

/* The version of the library, such as "0.1.0". */
const char *cw_version(void);

/*
 * Starts the program. OPTIONS NULL: the defaults. It waits until the program has told its version,
 * ten seconds at most.
 *
 * Returns 0 and sets *CLIENT. Else returns -1, *CLIENT is NULL, and *ANSWER is an answer with the
 * error, for cw_free() (NULL: out of memory). After success *ANSWER is NULL. ANSWER may be NULL.
 */
int cw_client_new(const struct cw_client_options *options, struct cw_client **client,
		  char **answer);

/*
 * Ends the client. A call in progress is cancelled: the program cleans up after it by itself, while
 * this function does not wait. No other thread may use the client any more. In a child process
 * after fork(), it only releases the child's copy. NULL is allowed.
 */
void cw_client_free(struct cw_client *client);

/*
 * Sends REQUEST and waits for its answer. Notes are dropped; nobody answers questions, and
 * challenges for the host fail: use cw_call_start() for those.
 *
 * *ANSWER is always set, for cw_free(): the object of certwright-json(7), with "ok" and "error". It
 * is NULL only if memory is out. Returns 0 if "ok" is true, else -1.
 */
int cw_call(struct cw_client *client, const char *request, char **answer);

/*
 * Sends REQUEST and returns; it waits only while the program does not read it, a minute at most.
 * From then on call cw_client_next_event() until it returns CW_EVENT_NONE, wait for cw_client_fd(),
 * and so on, until the answer comes.
 *
 * Returns 0. What is wrong with the request or the program is told by the answer, not here. Returns
 * -1 with errno EBUSY if a call is in progress, and ECHILD in a child process after fork().
 */
int cw_call_start(struct cw_client *client, const char *request);

/* A descriptor that becomes readable when there may be an event. Only poll it. It is the same one
 * for the client's life. */
int cw_client_fd(const struct cw_client *client);

enum cw_event {
	CW_EVENT_NONE = 0,     /* nothing at present */
	CW_EVENT_NOTE = 1,     /* nothing to reply: progress, a message, a challenge that is over */
	CW_EVENT_QUESTION = 2, /* wants cw_client_reply(): a question, or a challenge to publish */
	CW_EVENT_ANSWER = 3    /* the call has ended, and this is its answer */
};

/*
 * Takes the next event, without waiting. *EVENT is its JSON, for cw_free(); NULL with
 * CW_EVENT_NONE. The end of a call is always CW_EVENT_ANSWER, also if the program has died: then
 * the answer has the error. Returns -1 with errno ENOMEM, when the event is not lost, or EPIPE: the
 * program has ended and no call is in progress. Then stop polling: the client can only be freed.
 *
 * One thread may take events while others reply.
 */
int cw_client_next_event(struct cw_client *client, char **event);

/*
 * Replies to a question or a challenge. REPLY has the "id" of its event. Replies may come in any
 * order. It waits only while the program does not read it, as cw_call_start() does. The program
 * fails the question or challenge if there is no reply in time ("answer_timeout" of the request).
 *
 * Returns 0, or -1 with errno if it cannot be sent (EMSGSIZE, EPIPE, ECHILD in a child process
 * after fork()). A reply that the program does not understand fails what it is for.
 */
int cw_client_reply(struct cw_client *client, const char *reply);

/*
 * Cancels the call in progress, from any thread: the program cleans up and then answers with an
 * error whose status is "cancelled". The client can make no more calls, only be freed.
 */
void cw_client_cancel(struct cw_client *client);

/* Overwrites and releases a text of this library: answers can contain private keys. NULL is
 * allowed. */
void cw_free(char *text);

#ifdef __cplusplus
}
#endif

#endif
