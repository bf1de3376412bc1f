#include "dns/exchange.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

enum { REPEAT = 1500 /* milliseconds after which a datagram is sent again */ };

/* In the third byte of a message's header. */
enum { FLAG_RESPONSE = 0x80, FLAG_TRUNCATED = 0x02 };

struct cw_dns_exchange {
	struct cw_loop *loop;
	struct cw_dns_request request; /* its query is the exchange's */
	uint8_t *query;
	cw_dns_exchanged exchanged;
	void *context;

	int descriptor;
	int64_t end; /* cw_now_ms() clock */
	struct cw_timer *timer;
	bool stream;
	size_t sent;      /* over TCP, of 2 + length */
	struct cw_buf in; /* over TCP */
	struct cw_error failure;
};

static void begin_stream(struct cw_dns_exchange *exchange);

static void
disconnect(struct cw_dns_exchange *exchange)
{
	cw_loop_cancel(exchange->loop, cw_take(&exchange->timer));
	if (exchange->descriptor >= 0) {
		cw_loop_watch(exchange->loop, exchange->descriptor, 0, NULL, NULL);
		close(exchange->descriptor);
	}
	exchange->descriptor = -1;
	cw_buf_clear(&exchange->in);
	exchange->sent = 0;
}

void
cw_dns_exchange_cancel(struct cw_dns_exchange *exchange)
{
	if (exchange == NULL)
		return;
	disconnect(exchange);
	cw_error_clear(&exchange->failure);
	free(exchange->query);
	free(exchange);
}

static void
finish(struct cw_dns_exchange *exchange, const uint8_t *answer, size_t length)
{
	cw_dns_exchanged exchanged = exchange->exchanged;
	void *context = exchange->context;
	cw_auto_error struct cw_error error = {0};

	cw_error_move(&error, &exchange->failure);
	cw_dns_exchange_cancel(exchange);
	exchanged(context, answer, length, &error);
}

static void
fail(struct cw_dns_exchange *exchange, int status, const char *why)
{
	cw_fail(&exchange->failure, status, "%s%s", why, exchange->stream ? " over TCP" : "");
	finish(exchange, NULL, 0);
}

/* NUMBER: an errno. */
static void
fail_unreachable(struct cw_dns_exchange *exchange, int number)
{
	cw_fail(&exchange->failure, CW_E_NETWORK, "it could not be reached over %s: %s",
		exchange->stream ? "TCP" : "UDP", strerror(number));
	finish(exchange, NULL, 0);
}

static void
fail_later(void *context)
{
	struct cw_dns_exchange *exchange = context;

	exchange->timer = NULL;
	finish(exchange, NULL, 0);
}

/* Fails from the loop, so that nobody is called back from within cw_dns_exchange_start(). */
static void
cannot_send(struct cw_dns_exchange *exchange, int number)
{
	disconnect(exchange);
	cw_fail(&exchange->failure, CW_E_NETWORK, "the message could not be sent to it: %s",
		strerror(number));
	exchange->timer = cw_loop_timer(exchange->loop, 0, fail_later, exchange);
}

static bool
connect_socket(struct cw_dns_exchange *exchange, int kind)
{
	const struct cw_dns_address *server = &exchange->request.server;

	exchange->end = cw_now_ms() + exchange->request.limit;
	exchange->descriptor =
		socket(server->address.ss_family, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (exchange->descriptor < 0)
		return false;
	return connect(exchange->descriptor,
		       (const struct sockaddr *)(const void *)&server->address,
		       server->length) == 0 ||
	       errno == EINPROGRESS;
}

static bool
is_answer(const struct cw_dns_exchange *exchange, const uint8_t *message, size_t length)
{
	return length >= CW_DNS_HEADER_SIZE && message[0] == exchange->query[0] &&
	       message[1] == exchange->query[1] && (message[2] & FLAG_RESPONSE) != 0 &&
	       (exchange->request.belongs == NULL ||
		exchange->request.belongs(exchange->context, message, length));
}

static void send_datagram(void *context);

static void
wait_for_datagram(struct cw_dns_exchange *exchange)
{
	int64_t left = exchange->end - cw_now_ms();

	if (left < 0)
		left = 0;
	exchange->timer = cw_loop_timer(exchange->loop, left < REPEAT ? left : REPEAT,
					send_datagram, exchange);
}

/* Again, unless the time is over: datagrams get lost. */
static void
send_datagram(void *context)
{
	struct cw_dns_exchange *exchange = context;

	exchange->timer = NULL;
	if (cw_now_ms() >= exchange->end) {
		fail(exchange, CW_E_TIMEOUT, "it did not answer");
		return;
	}
	/* An error of the last one is told here, too. */
	if (send(exchange->descriptor, exchange->query, exchange->request.length, MSG_NOSIGNAL) <
		    0 &&
	    errno != EAGAIN && errno != EINTR) {
		fail_unreachable(exchange, errno);
		return;
	}
	wait_for_datagram(exchange);
}

static void
datagram_ready(void *context, int descriptor, short events)
{
	struct cw_dns_exchange *exchange = context;
	uint8_t message[CW_DNS_MESSAGE_MAX];
	ssize_t got = recv(descriptor, message, sizeof(message), 0);

	(void)events;
	if (got < 0) {
		if (errno != EAGAIN && errno != EINTR)
			fail_unreachable(exchange, errno);
		return;
	}
	if (!is_answer(exchange, message, (size_t)got))
		return;
	if ((message[2] & FLAG_TRUNCATED) == 0) {
		finish(exchange, message, (size_t)got);
		return;
	}
	disconnect(exchange);
	begin_stream(exchange);
}

static void
begin_datagram(struct cw_dns_exchange *exchange)
{
	if (!connect_socket(exchange, SOCK_DGRAM) ||
	    send(exchange->descriptor, exchange->query, exchange->request.length, MSG_NOSIGNAL) <
		    0) {
		cannot_send(exchange, errno);
		return;
	}
	cw_loop_watch(exchange->loop, exchange->descriptor, POLLIN, datagram_ready, exchange);
	wait_for_datagram(exchange);
}

static void
stream_expired(void *context)
{
	struct cw_dns_exchange *exchange = context;

	exchange->timer = NULL;
	fail(exchange, CW_E_TIMEOUT, "it did not answer");
}

/* The message after its length in two bytes (RFC 1035 section 4.2.2); false when it broke. */
static bool
stream_send(struct cw_dns_exchange *exchange)
{
	size_t length = exchange->request.length;
	const uint8_t prefix[2] = {(uint8_t)(length >> 8), (uint8_t)length};
	bool in_prefix = exchange->sent < sizeof(prefix);
	const uint8_t *data = in_prefix ? prefix + exchange->sent
					: exchange->query + exchange->sent - sizeof(prefix);
	size_t left = (in_prefix ? 0 : length) + sizeof(prefix) - exchange->sent;
	ssize_t sent = send(exchange->descriptor, data, left, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	exchange->sent += (size_t)sent;
	return true;
}

/* False when the connection broke: errno says how. */
static bool
stream_receive(struct cw_dns_exchange *exchange)
{
	ssize_t got = recv(exchange->descriptor, cw_buf_reserve(&exchange->in, 4096), 4096, 0);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (got == 0)
		errno = ECONNRESET;
	cw_buf_grown(&exchange->in, (size_t)got);
	return got > 0;
}

/* The next whole message of what was received, taken off it; false: there is none. */
static bool
take_message(struct cw_dns_exchange *exchange, uint8_t *message, size_t *length)
{
	const uint8_t *data = (const uint8_t *)cw_buf_text(&exchange->in);
	size_t have = exchange->in.length;

	*length = have >= 2 ? (size_t)data[0] << 8 | data[1] : 0;
	if (have < 2 || have - 2 < *length)
		return false;
	memcpy(message, data + 2, *length);
	exchange->in.length = have - 2 - *length;
	memmove(exchange->in.data, data + 2 + *length, exchange->in.length);
	return true;
}

static void
stream_ready(void *context, int descriptor, short events)
{
	struct cw_dns_exchange *exchange = context;
	uint8_t message[CW_DNS_MESSAGE_MAX];
	size_t length, whole = exchange->request.length + 2;

	(void)events;
	if (exchange->sent < whole) {
		if (!stream_send(exchange))
			fail_unreachable(exchange, errno);
		else if (exchange->sent == whole)
			cw_loop_watch(exchange->loop, descriptor, POLLIN, stream_ready, exchange);
		return;
	}
	if (!stream_receive(exchange)) {
		fail_unreachable(exchange, errno);
		return;
	}
	while (take_message(exchange, message, &length)) {
		if (!is_answer(exchange, message, length))
			continue;
		finish(exchange, message, length);
		return;
	}
}

static void
begin_stream(struct cw_dns_exchange *exchange)
{
	exchange->stream = true;
	if (!connect_socket(exchange, SOCK_STREAM)) {
		cannot_send(exchange, errno);
		return;
	}
	cw_loop_watch(exchange->loop, exchange->descriptor, POLLOUT, stream_ready, exchange);
	exchange->timer =
		cw_loop_timer(exchange->loop, exchange->request.limit, stream_expired, exchange);
}

struct cw_dns_exchange *
cw_dns_exchange_start(struct cw_loop *loop, const struct cw_dns_request *request,
		      cw_dns_exchanged exchanged, void *context)
{
	struct cw_dns_exchange *exchange = cw_alloc(sizeof(*exchange));

	exchange->loop = loop;
	exchange->request = *request;
	exchange->request.query = NULL;
	exchange->query = (uint8_t *)cw_memdup(request->query, request->length);
	exchange->exchanged = exchanged;
	exchange->context = context;
	exchange->descriptor = -1;
	if (request->stream)
		begin_stream(exchange);
	else
		begin_datagram(exchange);
	return exchange;
}
