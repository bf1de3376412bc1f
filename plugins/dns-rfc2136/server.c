#include "server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "tsig.h"

enum {
	TIME_LIMIT = 10000, /* milliseconds, for one answer or connection */
	UDP_LIMIT = 3000,   /* for each try */
	UDP_TRIES = 3,
	WHY_SIZE = 128,
	MESSAGE_MAX = 65535
};

struct server {
	const struct credentials *credentials;
	int udp;
	int descriptor; /* -1: not connected */
	int failed;     /* why the server could not be reached */
	char why[WHY_SIZE];
	struct sockaddr_storage address;
	socklen_t length;
	struct failure failure;
};

/* A message on its way. */
struct exchange {
	uint8_t *wire;
	size_t length;
	struct tsig_mac mac;
	int sign;
	uint8_t *reply; /* MESSAGE_MAX */
	size_t reply_length;
};

static int64_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

struct server *
server_new(const struct credentials *credentials, int udp)
{
	struct server *server = calloc(1, sizeof(*server));
	struct sockaddr_in *v4;
	struct sockaddr_in6 *v6;

	if (server == NULL)
		return NULL;
	server->credentials = credentials;
	server->udp = udp;
	server->descriptor = -1;
	v4 = (struct sockaddr_in *)(void *)&server->address;
	v6 = (struct sockaddr_in6 *)(void *)&server->address;
	if (inet_pton(AF_INET, credentials->server, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		server->length = sizeof(*v4);
	} else {
		inet_pton(AF_INET6, credentials->server, &v6->sin6_addr);
		v6->sin6_family = AF_INET6;
		server->length = sizeof(*v6);
	}
	v4->sin_port = htons((uint16_t)credentials->port); /* at the same offset in both */
	return server;
}

static void
disconnect(struct server *server)
{
	if (server->descriptor >= 0)
		close(server->descriptor);
	server->descriptor = -1;
}

void
server_free(struct server *server)
{
	if (server == NULL)
		return;
	disconnect(server);
	free(server);
}

int
server_fail(struct server *server, int status, const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(server->failure.message, sizeof(server->failure.message), format, arguments);
	va_end(arguments);
	server->failure.hint = hint;
	return status;
}

const struct failure *
server_failure(const struct server *server)
{
	return &server->failure;
}

static int
still_unreachable(struct server *server)
{
	return server_fail(server, server->failed,
			   "check dns_rfc2136_server and dns_rfc2136_port in the credentials file, "
			   "that the server runs, and that no firewall blocks it",
			   "cannot ask the name server %s, port %u, over %s: %s",
			   server->credentials->server, server->credentials->port,
			   server->udp ? "UDP" : "TCP", server->why);
}

static int
unreachable(struct server *server, int status, const char *why)
{
	server->failed = status;
	snprintf(server->why, sizeof(server->why), "%s", why);
	disconnect(server);
	return still_unreachable(server);
}

/* Waits for EVENTS until the time END. Returns 1 for events, 0 for a timeout, -1 with errno. */
static int
wait_for(const struct server *server, short events, int64_t end)
{
	struct pollfd poll_for = {.fd = server->descriptor, .events = events};

	for (;;) {
		int64_t left = end - now();
		int ready = poll(&poll_for, 1, left > 0 ? (int)left : 0);

		if (ready >= 0 || errno != EINTR)
			return ready;
	}
}

static int
connect_server(struct server *server)
{
	int kind = (server->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int error = 0, ready;
	socklen_t length = sizeof(error);

	if (server->descriptor >= 0)
		return CW_OK;
	server->descriptor = socket(server->address.ss_family, kind, 0);
	if (server->descriptor < 0)
		return unreachable(server, CW_E_NETWORK, strerror(errno));
	if (connect(server->descriptor, (const struct sockaddr *)(const void *)&server->address,
		    server->length) == 0)
		return CW_OK;
	if (errno != EINPROGRESS)
		return unreachable(server, CW_E_NETWORK, strerror(errno));
	ready = wait_for(server, POLLOUT, now() + TIME_LIMIT);
	if (ready == 0)
		return unreachable(server, CW_E_TIMEOUT, "it did not answer");
	if (getsockopt(server->descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
		error = errno;
	return error == 0 ? CW_OK : unreachable(server, CW_E_NETWORK, strerror(error));
}

/* Returns 1 if all was sent, 0 for a timeout, -1 if the connection broke. */
static int
send_all(const struct server *server, const uint8_t *bytes, size_t length, int64_t end)
{
	while (length > 0) {
		ssize_t sent = send(server->descriptor, bytes, length, MSG_NOSIGNAL);

		if (sent >= 0) {
			bytes += sent;
			length -= (size_t)sent;
		} else if (errno == EAGAIN) {
			if (wait_for(server, POLLOUT, end) == 0)
				return 0;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 1;
}

/* As send, for receiving. */
static int
receive_all(const struct server *server, uint8_t *bytes, size_t length, int64_t end)
{
	while (length > 0) {
		ssize_t got = recv(server->descriptor, bytes, length, 0);

		if (got > 0) {
			bytes += got;
			length -= (size_t)got;
		} else if (got == 0) {
			errno = ECONNRESET;
			return -1;
		} else if (errno == EAGAIN) {
			if (wait_for(server, POLLIN, end) == 0)
				return 0;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 1;
}

static int
belongs(const struct exchange *exchange)
{
	return exchange->reply_length >= 12 && exchange->reply[0] == exchange->wire[0] &&
	       exchange->reply[1] == exchange->wire[1] && (exchange->reply[2] & 0x80) != 0;
}

/* Returns 1 for an answer, 0 for a timeout, -1 if the connection broke. Over TCP a message
 * follows its length (RFC 1035 section 4.2.2). */
static int
exchange_stream(const struct server *server, struct exchange *exchange)
{
	uint8_t prefix[2] = {(uint8_t)(exchange->length >> 8), (uint8_t)exchange->length};
	int64_t end = now() + TIME_LIMIT;
	int done = send_all(server, prefix, sizeof(prefix), end);

	if (done == 1)
		done = send_all(server, exchange->wire, exchange->length, end);
	do {
		if (done == 1)
			done = receive_all(server, prefix, sizeof(prefix), end);
		exchange->reply_length = (size_t)prefix[0] << 8 | prefix[1];
		if (done == 1)
			done = receive_all(server, exchange->reply, exchange->reply_length, end);
	} while (done == 1 && !belongs(exchange));
	return done;
}

static int
exchange_datagram(const struct server *server, struct exchange *exchange)
{
	for (unsigned tries = 0; tries < UDP_TRIES; tries++) {
		int64_t end = now() + UDP_LIMIT;

		if (send_all(server, exchange->wire, exchange->length, end) != 1)
			return -1;
		while (wait_for(server, POLLIN, end) > 0) {
			ssize_t got = recv(server->descriptor, exchange->reply, MESSAGE_MAX, 0);

			if (got < 0 && errno != EAGAIN && errno != EINTR)
				return -1;
			exchange->reply_length = got > 0 ? (size_t)got : 0;
			if (belongs(exchange))
				return 1;
		}
	}
	return 0;
}

static int
exchange_once(struct server *server, struct exchange *exchange)
{
	return server->udp ? exchange_datagram(server, exchange)
			   : exchange_stream(server, exchange);
}

static int
transmit(struct server *server, struct exchange *exchange)
{
	int again = server->descriptor >= 0;
	int status = connect_server(server), done;

	if (status != CW_OK)
		return status;
	done = exchange_once(server, exchange);
	if (done < 0 && again) {
		/* The server may have closed an idle connection; an update may be sent twice. */
		disconnect(server);
		status = connect_server(server);
		if (status != CW_OK)
			return status;
		done = exchange_once(server, exchange);
	}
	if (done == 0)
		return unreachable(server, CW_E_TIMEOUT, "it did not answer");
	if (done < 0)
		return unreachable(server, CW_E_NETWORK, strerror(errno));
	if (server->udp && (exchange->reply[2] & 2) != 0) {
		/* Truncated: ask again over TCP. */
		disconnect(server);
		server->udp = 0;
		return transmit(server, exchange);
	}
	return CW_OK;
}

static int
key_refused(struct server *server, unsigned error)
{
	const struct credentials *credentials = server->credentials;
	const char *why = "it refuses the signature";
	const char *hint = "compare the name, secret and algorithm in the credentials file with "
			   "the server's key";

	switch (error) {
	case 16: why = "the signature is wrong (BADSIG): the secrets differ"; break;
	case 17: why = "it does not know the key for this algorithm (BADKEY)"; break;
	case 18:
		why = "its clock and ours are too far apart (BADTIME)";
		hint = "set the clocks of both machines";
		break;
	case 22: why = "the signature is too short (BADTRUNC)"; break;
	default: break;
	}
	return server_fail(server, CW_E_PERMISSION, hint,
			   "the name server %s, port %u, does not accept the TSIG key \"%s\": %s",
			   credentials->server, credentials->port, credentials->name, why);
}

static int
check_signature(struct server *server, const struct exchange *exchange, const ldns_pkt *answer)
{
	unsigned error = 0;
	enum tsig_verdict verdict = TSIG_GOOD;

	if (exchange->sign)
		verdict = tsig_verify(server->credentials, exchange->reply, exchange->reply_length,
				      &exchange->mac, &error);
	if (verdict == TSIG_REFUSED)
		return key_refused(server, error);
	if (verdict == TSIG_GOOD)
		return CW_OK;
	/* An unsigned refusal is harmless, and its code says more. */
	if (verdict == TSIG_UNSIGNED && ldns_pkt_get_rcode(answer) != LDNS_RCODE_NOERROR)
		return CW_OK;
	return server_fail(server, CW_E_PROTOCOL,
			   "check whether something on the way to the server changes messages",
			   "the answer of the name server %s, port %u, is not signed with the "
			   "TSIG key \"%s\"",
			   server->credentials->server, server->credentials->port,
			   server->credentials->name);
}

static int
prepare(struct exchange *exchange, const struct credentials *credentials, ldns_pkt *packet)
{
	uint16_t id = 0;

	RAND_bytes((unsigned char *)&id, sizeof(id));
	ldns_pkt_set_id(packet, id);
	exchange->reply = malloc(MESSAGE_MAX);
	if (ldns_pkt2wire(&exchange->wire, packet, &exchange->length) != LDNS_STATUS_OK)
		exchange->wire = NULL;
	if (exchange->reply == NULL || exchange->wire == NULL)
		return 0;
	if (exchange->sign &&
	    !tsig_sign(credentials, &exchange->wire, &exchange->length, &exchange->mac))
		return 0;
	return exchange->length <= MESSAGE_MAX;
}

int
server_ask(struct server *server, ldns_pkt *packet, int sign, ldns_pkt **answer)
{
	struct exchange exchange = {.sign = sign};
	int status;

	*answer = NULL;
	if (server->failed != 0)
		return still_unreachable(server);
	if (!prepare(&exchange, server->credentials, packet))
		status = server_fail(server, CW_E_CRYPTO, NULL,
				     "cannot make or sign the message to the name server");
	else
		status = transmit(server, &exchange);
	if (status == CW_OK &&
	    ldns_wire2pkt(answer, exchange.reply, exchange.reply_length) != LDNS_STATUS_OK) {
		*answer = NULL;
		status = server_fail(
			server, CW_E_PROTOCOL, NULL,
			"the name server %s, port %u, sent an answer that is not a DNS message",
			server->credentials->server, server->credentials->port);
	}
	if (status == CW_OK)
		status = check_signature(server, &exchange, *answer);
	if (status != CW_OK) {
		ldns_pkt_free(*answer);
		*answer = NULL;
	}
	free(exchange.wire);
	free(exchange.reply);
	return status;
}
