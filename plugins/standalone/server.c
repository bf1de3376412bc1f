#include "server.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	AGE_MAX = 30000,   /* milliseconds; a new connection closes older ones */
	FINISH_MAX = 3000, /* milliseconds, for the last connections */
	ACCEPTS_MAX = 64   /* in a row, before other events */
};

struct connection {
	struct server *server;
	int descriptor;
	int64_t since; /* milliseconds, monotonic */
	short events;  /* to wait for */
	void *state;   /* the protocol's */
	struct connection *older, *newer;
};

struct server {
	const struct cw_host *host;
	const struct protocol *protocol;
	void *context;
	int listeners[LISTENERS_MAX];
	size_t listener_count;
	struct connection *oldest, *newest;
	size_t count;
	int spare; /* closed for a moment when descriptors run out; -1: none */
};

static int64_t
now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
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
	server->protocol->end(connection->state);
	free(connection);
}

static void connection_ready(void *context, int descriptor, short events);

static int
watch(struct connection *connection, short events)
{
	const struct cw_host *host = connection->server->host;

	connection->events = events;
	return host->watch(host, connection->descriptor, events, connection_ready, connection);
}

static void
connection_ready(void *context, int descriptor, short events)
{
	struct connection *connection = context;
	short next = connection->server->protocol->ready(connection->state);

	(void)descriptor;
	(void)events;
	if (next == 0 || (next != connection->events && watch(connection, next) != CW_OK))
		end_connection(connection);
}

static void
begin_connection(struct server *server, int descriptor)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	void *state =
		connection != NULL ? server->protocol->begin(server->context, descriptor) : NULL;

	if (state == NULL) {
		free(connection);
		close(descriptor);
		return;
	}
	connection->server = server;
	connection->descriptor = descriptor;
	connection->since = now_ms();
	connection->state = state;
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

/* Without free descriptors the waiting connection would make poll() return forever. Closes the
 * oldest connection or, if there is none, the waiting one. */
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
	int64_t limit = now_ms() - AGE_MAX;

	while (server->oldest != NULL &&
	       (server->oldest->since < limit || server->count >= CONNECTIONS_MAX))
		end_connection(server->oldest);
}

/* Returns whether more may wait. */
static int
accept_some(struct server *server, int listener)
{
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
			return 0;
	}
	return 1;
}

static void
listener_ready(void *context, int listener, short events)
{
	struct server *server = context;

	(void)events;
	accept_some(server, listener);
}

struct server *
server_new(const struct cw_host *host, const struct protocol *protocol, void *context)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->host = host;
	server->protocol = protocol;
	server->context = context;
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

/* One round of poll(2) over the connections. */
static void
turn(struct server *server, int limit)
{
	struct pollfd polled[CONNECTIONS_MAX];
	struct connection *connections[CONNECTIONS_MAX], *next = server->oldest;
	size_t count = 0;

	for (; next != NULL && count < CONNECTIONS_MAX; next = next->newer) {
		polled[count].fd = next->descriptor;
		polled[count].events = next->events;
		polled[count].revents = 0;
		connections[count++] = next;
	}
	if (poll(polled, (nfds_t)count, limit) <= 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (polled[i].revents != 0)
			connection_ready(connections[i], polled[i].fd, polled[i].revents);
}

/* Accepts what waits, or the kernel would reset it with the socket. */
static void
accept_all(struct server *server, int listener)
{
	while (accept_some(server, listener))
		turn(server, 0);
}

static void
stop_listening(struct server *server)
{
	for (size_t i = 0; i < server->listener_count; i++) {
		server->host->watch(server->host, server->listeners[i], 0, NULL, NULL);
		accept_all(server, server->listeners[i]);
		close(server->listeners[i]);
	}
	server->listener_count = 0;
}

/* Answer what we accepted: it may be for another worker that shares the socket. */
static void
finish_connections(struct server *server)
{
	int64_t end = now_ms() + FINISH_MAX, left;

	while (server->oldest != NULL && (left = end - now_ms()) > 0)
		turn(server, (int)left);
}

void
server_free(struct server *server)
{
	if (server == NULL)
		return;
	stop_listening(server);
	finish_connections(server);
	while (server->oldest != NULL)
		end_connection(server->oldest);
	if (server->spare >= 0)
		close(server->spare);
	free(server);
}
