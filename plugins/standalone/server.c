#include "server.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "request.h"

enum {
	AGE_MAX = 30,     /* seconds; older connections are closed when anything happens */
	ACCEPTS_MAX = 64, /* in a row, before others get their turn */
	DRAIN_MAX = 64 * 1024
};

struct connection {
	struct server *server;
	int descriptor;
	time_t since;
	char request[REQUEST_MAX];
	size_t received;
	char *answer; /* NULL while the request comes in */
	size_t answer_length;
	size_t sent;
	size_t drained; /* bytes read, and dropped, after the answer */
	struct connection *older, *newer;
};

struct server {
	const struct cw_host *host;
	int listeners[LISTENERS_MAX];
	size_t listener_count;
	struct connection *oldest, *newest;
	size_t count;
	int spare; /* given up for a moment when descriptors run out; -1: none */
};

static time_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static void
end_connection(struct connection *connection)
{
	struct server *server = connection->server;

	server->host->watch(server->host, connection->descriptor, 0, NULL, NULL);
	close(connection->descriptor);
	if (connection->older != NULL)
		connection->older->newer = connection->newer;
	else
		server->oldest = connection->newer;
	if (connection->newer != NULL)
		connection->newer->older = connection->older;
	else
		server->newest = connection->older;
	server->count--;
	free(connection->answer);
	free(connection);
}

static void connection_ready(void *context, int descriptor, short events);

static int
watch(struct connection *connection, short events)
{
	const struct cw_host *host = connection->server->host;

	return host->watch(host, connection->descriptor, events, connection_ready, connection);
}

/* Closing with bytes unread would make the kernel reset the connection, and the answer could be
 * lost: what the client still sends is read first. */
static void
drain(struct connection *connection)
{
	char dropped[4096];
	ssize_t got = recv(connection->descriptor, dropped, sizeof(dropped), 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0)
		connection->drained += (size_t)got;
	if (got <= 0 || connection->drained > DRAIN_MAX)
		end_connection(connection);
}

static void
send_answer(struct connection *connection)
{
	ssize_t sent = send(connection->descriptor, connection->answer + connection->sent,
			    connection->answer_length - connection->sent, MSG_NOSIGNAL);

	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR)
			end_connection(connection);
		else
			watch(connection, POLLOUT);
		return;
	}
	connection->sent += (size_t)sent;
	if (connection->sent < connection->answer_length) {
		watch(connection, POLLOUT);
		return;
	}
	shutdown(connection->descriptor, SHUT_WR);
	watch(connection, POLLIN);
}

static void
receive(struct connection *connection)
{
	ssize_t got = recv(connection->descriptor, connection->request + connection->received,
			   REQUEST_MAX - connection->received, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		end_connection(connection);
		return;
	}
	connection->received += (size_t)got;
	if (request_complete(connection->request, connection->received))
		connection->answer =
			request_answer(connection->server->host, connection->request,
				       connection->received, &connection->answer_length);
	else if (connection->received == REQUEST_MAX)
		connection->answer = request_too_long(&connection->answer_length);
	else
		return;
	if (connection->answer == NULL)
		end_connection(connection);
	else
		send_answer(connection);
}

static void
connection_ready(void *context, int descriptor, short events)
{
	struct connection *connection = context;

	(void)descriptor;
	(void)events;
	if (connection->answer == NULL)
		receive(connection);
	else if (connection->sent < connection->answer_length)
		send_answer(connection);
	else
		drain(connection);
}

static void
begin_connection(struct server *server, int descriptor)
{
	struct connection *connection = malloc(sizeof(*connection));

	if (connection == NULL) {
		close(descriptor);
		return;
	}
	/* All but the request, of which no more is read than was received. */
	connection->server = server;
	connection->descriptor = descriptor;
	connection->since = now();
	connection->received = 0;
	connection->answer = NULL;
	connection->answer_length = connection->sent = connection->drained = 0;
	connection->newer = NULL;
	connection->older = server->newest;
	if (server->newest != NULL)
		server->newest->newer = connection;
	else
		server->oldest = connection;
	server->newest = connection;
	server->count++;
	if (watch(connection, POLLIN) != CW_OK)
		end_connection(connection);
}

static int
open_spare(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Without descriptors the waiting connection would make poll() return for ever: the oldest goes,
 * or, where there is none, the waiting one. */
static void
out_of_descriptors(struct server *server, int listener)
{
	int descriptor;

	if (server->oldest != NULL) {
		end_connection(server->oldest);
		return;
	}
	if (server->spare >= 0)
		close(server->spare);
	descriptor = accept(listener, NULL, NULL);
	if (descriptor >= 0)
		close(descriptor);
	server->spare = open_spare();
}

static void
close_old(struct server *server)
{
	time_t limit = now() - AGE_MAX;

	while (server->oldest != NULL &&
	       (server->oldest->since < limit || server->count >= CONNECTIONS_MAX))
		end_connection(server->oldest);
}

static void
listener_ready(void *context, int listener, short events)
{
	struct server *server = context;

	(void)events;
	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
#ifdef __linux__
		int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
		int descriptor = accept(listener, NULL, NULL);

		if (descriptor >= 0) {
			fcntl(descriptor, F_SETFD, FD_CLOEXEC);
			fcntl(descriptor, F_SETFL, O_NONBLOCK);
		}
#endif
		if (descriptor >= 0) {
			close_old(server);
			begin_connection(server, descriptor);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE)
			out_of_descriptors(server, listener);
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

struct server *
server_new(const struct cw_host *host)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->host = host;
	server->spare = open_spare();
	return server;
}

int
server_add(struct server *server, int listener)
{
	int status;

	if (server->listener_count == LISTENERS_MAX) {
		close(listener);
		return cw_host_fail(server->host, CW_E_UNSUPPORTED, NULL,
				    "too many sockets to listen on");
	}
	status = server->host->watch(server->host, listener, POLLIN, listener_ready, server);
	if (status != CW_OK)
		close(listener);
	else
		server->listeners[server->listener_count++] = listener;
	return status;
}

void
server_free(struct server *server)
{
	if (server == NULL)
		return;
	for (size_t i = 0; i < server->listener_count; i++) {
		server->host->watch(server->host, server->listeners[i], 0, NULL, NULL);
		close(server->listeners[i]);
	}
	while (server->oldest != NULL)
		end_connection(server->oldest);
	if (server->spare >= 0)
		close(server->spare);
	free(server);
}
