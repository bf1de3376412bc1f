/* DNS questions on the event loop. */
#include "dns/question.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

enum {
	IN_FLIGHT_MAX = 128,
	UDP_TRIES = 2,
	UDP_LIMIT = 1500, /* milliseconds for each try */
	TCP_LIMIT = 2000,
	MESSAGE_MAX = 65535
};

struct cw_dns_question {
	struct cw_dns *dns;
	struct cw_dns_address server;
	char *name;
	enum cw_dns_type type;
	bool recurse;
	cw_dns_callback callback;
	void *context;

	uint16_t id;
	uint8_t *wire;
	size_t length;
	int descriptor;
	struct cw_timer *timer;
	unsigned tries;
	bool stream;      /* over TCP */
	size_t sent;      /* over TCP, of 2 + length */
	struct cw_buf in; /* over TCP */
	bool active;
	struct cw_dns_question *next;
};

struct cw_dns {
	struct cw_loop *loop;
	struct cw_dns_question *questions; /* the oldest first */
	size_t active;
};

static void start_waiting(struct cw_dns *dns);
static void begin_datagram(struct cw_dns_question *question);
static void begin_stream(struct cw_dns_question *question);

int
cw_dns_new(struct cw_loop *loop, struct cw_dns **dns, struct cw_error *error)
{
	*dns = NULL;
	if (!cw_dns_library(error))
		return CW_E_UNSUPPORTED;
	*dns = cw_alloc(sizeof(**dns));
	(*dns)->loop = loop;
	return CW_OK;
}

static void
disconnect(struct cw_dns_question *question)
{
	cw_loop_cancel(question->dns->loop, question->timer);
	question->timer = NULL;
	if (question->descriptor >= 0) {
		cw_loop_watch(question->dns->loop, question->descriptor, 0, NULL, NULL);
		close(question->descriptor);
	}
	question->descriptor = -1;
	cw_buf_clear(&question->in);
	question->sent = 0;
}

static void
release(struct cw_dns_question *question)
{
	disconnect(question);
	free(question->name);
	free(question->wire);
	free(question);
}

void
cw_dns_free(struct cw_dns *dns)
{
	if (dns == NULL)
		return;
	while (dns->questions != NULL) {
		struct cw_dns_question *question = dns->questions;

		dns->questions = question->next;
		release(question);
	}
	free(dns);
}

/* Ends a question: takes it off the list, calls back, lets another one go. */
static void
finish(struct cw_dns_question *question, const struct cw_dns_answer *answer, const char *why)
{
	struct cw_dns *dns = question->dns;
	struct cw_dns_question **link = &dns->questions;

	while (*link != question)
		link = &(*link)->next;
	*link = question->next;
	if (question->active)
		dns->active--;
	disconnect(question);
	question->callback(question->context, answer, why);
	release(question);
	start_waiting(dns);
}

static void
take_answer(struct cw_dns_question *question, struct cw_dns_answer *answer)
{
	if (answer->truncated && !question->stream) {
		disconnect(question);
		begin_stream(question);
	} else {
		finish(question, answer, NULL);
	}
	cw_dns_answer_clear(answer);
}

static void
fail_later(void *context)
{
	struct cw_dns_question *question = context;

	question->timer = NULL;
	finish(question, NULL, "the query could not be sent");
}

/* Fails from the loop, so that nobody is called back from within cw_dns_ask(). */
static void
cannot_send(struct cw_dns_question *question)
{
	disconnect(question);
	question->timer = cw_loop_timer(question->dns->loop, 0, fail_later, question);
}

static bool
connect_socket(struct cw_dns_question *question, int kind)
{
	question->descriptor =
		socket(question->server.address.ss_family, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (question->descriptor < 0)
		return false;
	return connect(question->descriptor,
		       (const struct sockaddr *)(const void *)&question->server.address,
		       question->server.length) == 0 ||
	       errno == EINPROGRESS;
}

static void
datagram_expired(void *context)
{
	struct cw_dns_question *question = context;

	question->timer = NULL;
	if (question->tries >= UDP_TRIES) {
		finish(question, NULL, "it did not answer");
		return;
	}
	disconnect(question);
	begin_datagram(question);
}

static void
datagram_ready(void *context, int descriptor, short events)
{
	struct cw_dns_question *question = context;
	struct cw_dns_answer answer;
	uint8_t message[MESSAGE_MAX];
	ssize_t got = recv(descriptor, message, sizeof(message), 0);

	(void)events;
	if (got < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish(question, NULL, "it could not be reached");
		return;
	}
	/* An answer to another question may be forged: the right one may still come. */
	if (cw_dns_decode(message, (size_t)got, question->id, question->name, question->type,
			  &answer))
		take_answer(question, &answer);
}

static void
begin_datagram(struct cw_dns_question *question)
{
	question->tries++;
	if (!connect_socket(question, SOCK_DGRAM) ||
	    send(question->descriptor, question->wire, question->length, MSG_NOSIGNAL) < 0) {
		cannot_send(question);
		return;
	}
	cw_loop_watch(question->dns->loop, question->descriptor, POLLIN, datagram_ready, question);
	question->timer = cw_loop_timer(question->dns->loop, UDP_LIMIT, datagram_expired, question);
}

static void
stream_expired(void *context)
{
	struct cw_dns_question *question = context;

	question->timer = NULL;
	finish(question, NULL, "it did not answer over TCP");
}

/* The message after its length in two bytes (RFC 1035 section 4.2.2); false when it broke. */
static bool
stream_send(struct cw_dns_question *question)
{
	const uint8_t prefix[2] = {(uint8_t)(question->length >> 8), (uint8_t)question->length};
	const uint8_t *data =
		question->sent < 2 ? prefix + question->sent : question->wire + question->sent - 2;
	size_t left =
		question->sent < 2 ? 2 - question->sent : question->length + 2 - question->sent;
	ssize_t sent = send(question->descriptor, data, left, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	question->sent += (size_t)sent;
	return true;
}

/* False when the connection broke before the whole answer came; *WHOLE is its length when it did.
 */
static bool
stream_receive(struct cw_dns_question *question, size_t *whole)
{
	ssize_t got = recv(question->descriptor, cw_buf_reserve(&question->in, 4096), 4096, 0);
	const uint8_t *data;
	size_t length;

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	cw_buf_grown(&question->in, (size_t)got);
	data = (const uint8_t *)question->in.data;
	length = question->in.length >= 2 ? (size_t)data[0] << 8 | data[1] : 0;
	*whole = question->in.length >= length + 2 ? length : 0;
	return *whole > 0 || got > 0;
}

static void
stream_ready(void *context, int descriptor, short events)
{
	struct cw_dns_question *question = context;
	struct cw_dns_answer answer;
	size_t whole = 0;
	bool good;

	if (question->sent < question->length + 2) {
		if (!stream_send(question))
			finish(question, NULL, "it could not be reached over TCP");
		else if (question->sent == question->length + 2)
			cw_loop_watch(question->dns->loop, descriptor, POLLIN, stream_ready,
				      question);
		return;
	}
	(void)events;
	if (!stream_receive(question, &whole)) {
		finish(question, NULL, "it closed the TCP connection");
		return;
	}
	if (whole == 0)
		return;
	good = cw_dns_decode((const uint8_t *)question->in.data + 2, whole, question->id,
			     question->name, question->type, &answer);
	if (good)
		take_answer(question, &answer);
	else
		finish(question, NULL, "its answer is malformed");
}

static void
begin_stream(struct cw_dns_question *question)
{
	question->stream = true;
	if (!connect_socket(question, SOCK_STREAM)) {
		cannot_send(question);
		return;
	}
	cw_loop_watch(question->dns->loop, question->descriptor, POLLOUT, stream_ready, question);
	question->timer = cw_loop_timer(question->dns->loop, TCP_LIMIT, stream_expired, question);
}

static void
start_waiting(struct cw_dns *dns)
{
	struct cw_dns_question *question = dns->questions;

	for (; question != NULL && dns->active < IN_FLIGHT_MAX; question = question->next) {
		if (question->active)
			continue;
		question->active = true;
		dns->active++;
		if (question->wire == NULL)
			cannot_send(question);
		else
			begin_datagram(question);
	}
}

void
cw_dns_ask(struct cw_dns *dns, const struct cw_dns_address *server, const char *name,
	   enum cw_dns_type type, bool recurse, cw_dns_callback callback, void *context)
{
	struct cw_dns_question *question = cw_alloc(sizeof(*question));
	struct cw_dns_question **link = &dns->questions;

	*question = (struct cw_dns_question){.dns = dns,
					     .server = *server,
					     .name = cw_strdup(name),
					     .type = type,
					     .recurse = recurse,
					     .callback = callback,
					     .context = context,
					     .descriptor = -1};
	cw_random(&question->id, sizeof(question->id));
	if (!cw_dns_encode(name, type, recurse, question->id, &question->wire, &question->length))
		question->wire = NULL;
	while (*link != NULL)
		link = &(*link)->next;
	*link = question;
	start_waiting(dns);
}
