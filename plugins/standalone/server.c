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
	AGE_MAX = 30,    /* seconds; older connections are closed when anything happens */
	ACCEPTS_MAX = 64 /* in a row, before others get their turn */
};

struct connection {
	struct server *server;
	int descriptor;
	time_t since;
	short events; /* waited for */
	void *state;  /* the protocol's */
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
	connection->since = now();
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
