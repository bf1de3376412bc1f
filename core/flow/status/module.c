#include "flow/status/module.h"
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
	CONNECTIONS_MAX = 128,
	CONNECTIONS_KEPT = 64,         /* beyond these, the oldest one is ended for each new one */
	CONNECTION_MEMORY = 16 * 1024, /* for a request; a longer one is refused */
	IDLE_MAX = 10,                 /* seconds without a byte */
	REQUEST_MAX = 30 /* seconds for a request and its answer, however slowly bytes come */
};

/* A connection, or a request that waits. */
struct connection {
	struct MHD_Connection *connection;
	int socket;
	int64_t deadline; /* of the request that began, or may begin; milliseconds */
	bool waits;       /* suspended */
	bool is_closing;
	struct connection *next;
};

struct cw_status_http {
	const struct cw_status_host *host;
	struct MHD_Daemon *daemon;
	struct connection *connections;
	unsigned count;
};

/* Headers of every answer: a browser does nothing with it but to show it. */
static const struct {
	const char *name;
	const char *value;
} headers[] = {
	{"Cache-Control", "no-store"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
};

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
take_log(void *context, const char *format, va_list arguments)
{
	const struct cw_status_http *http = context;
	char line[512];
	int length = vsnprintf(line, sizeof(line), format, arguments);

	if (length <= 0)
		return;
	line[strcspn(line, "\n")] = '\0';
	http->host->log(http->host->context, line);
}

static struct connection *
find(const struct cw_status_http *http, const struct MHD_Connection *wanted)
{
	struct connection *connection = http->connections;

	while (connection != NULL && connection->connection != wanted)
		connection = connection->next;
	return connection;
}

static void
give_time(struct connection *connection)
{
	connection->deadline = now_ms() + (int64_t)REQUEST_MAX * 1000;
}

static void
end_socket(struct connection *connection)
{
	connection->is_closing = true;
	shutdown(connection->socket, SHUT_RDWR);
}

/* Those who hold connections and say nothing keep nobody out. */
static void
end_oldest(struct cw_status_http *http)
{
	struct connection *oldest = NULL;

	for (struct connection *at = http->connections; at != NULL; at = at->next)
		if (!at->is_closing && !at->waits &&
		    (oldest == NULL || at->deadline <= oldest->deadline))
			oldest = at;
	if (oldest != NULL)
		end_socket(oldest);
}

static void
begin_connection(struct cw_status_http *http, struct MHD_Connection *begun)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(begun, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *connection = calloc(1, sizeof(*connection));

	/* Without memory, only the time between two bytes is limited. */
	if (connection == NULL || info == NULL) {
		free(connection);
		return;
	}
	connection->connection = begun;
	connection->socket = info->connect_fd;
	give_time(connection);
	if (++http->count > CONNECTIONS_KEPT)
		end_oldest(http);
	connection->next = http->connections;
	http->connections = connection;
}

static void
end_connection(struct cw_status_http *http, const struct MHD_Connection *ended)
{
	struct connection **at = &http->connections;
	struct connection *connection;

	while (*at != NULL && (*at)->connection != ended)
		at = &(*at)->next;
	connection = *at;
	if (connection == NULL)
		return;
	*at = connection->next;
	http->count--;
	free(connection);
}

static void
on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
	      enum MHD_ConnectionNotificationCode code)
{
	(void)socket_context;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		begin_connection(context, connection);
	else
		end_connection(context, connection);
}

/* The next request on the connection has its own time. */
static void
on_completed(void *context, struct MHD_Connection *completed, void **request_context,
	     enum MHD_RequestTerminationCode code)
{
	struct connection *connection = find(context, completed);

	(void)request_context;
	(void)code;
	if (connection != NULL)
		give_time(connection);
}

static enum MHD_Result
send_response(struct MHD_Connection *connection, const struct cw_status_response *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		answer->length, answer->body, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (response == NULL) {
		free(answer->body);
		free(answer->policy);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", answer->type);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(response, headers[i].name, headers[i].value);
	if (answer->policy != NULL)
		MHD_add_response_header(response, "Content-Security-Policy", answer->policy);
	if (answer->allow != NULL)
		MHD_add_response_header(response, "Allow", answer->allow);
	free(answer->policy);
	result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
	   const char *version, const char *body, size_t *body_size, void **request_context)
{
	static int seen;
	struct cw_status_http *http = context;
	struct connection *known = find(http, connection);
	struct cw_status_response answer = {0};
	const struct cw_status_request request = {
		.method = method,
		.path = path,
		.host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host"),
		.accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept"),
	};

	(void)version;
	(void)body;
	/* The header alone is there: one without a body is answered when all of it was read. */
	if (*request_context == NULL &&
	    (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)) {
		*request_context = &seen;
		return MHD_YES;
	}
	/* A body is of no interest. */
	if (*body_size > 0) {
		*body_size = 0;
		return MHD_YES;
	}
	if (http->host->answer(http->host->context, &request, &answer))
		return send_response(connection, &answer);
	if (known == NULL)
		return MHD_NO;
	known->waits = true;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

static struct cw_status_http *
start(const struct cw_status_host *host)
{
	struct cw_status_http *http = calloc(1, sizeof(*http));

	if (http == NULL)
		return NULL;
	http->host = host;
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		on_request, http, MHD_OPTION_EXTERNAL_LOGGER, take_log, http,
		MHD_OPTION_LISTEN_SOCKET, host->listener, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, http, MHD_OPTION_END);
	if (http->daemon == NULL) {
		free(http);
		return NULL;
	}
	return http;
}

static int
descriptor(const struct cw_status_http *http)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	return info != NULL ? info->epoll_fd : -1;
}

/* Ends the connections whose time is over. Returns when the next one's is; -1: there is none. */
static int64_t
end_slow_ones(struct cw_status_http *http)
{
	int64_t now = now_ms(), first = -1;

	for (struct connection *at = http->connections; at != NULL; at = at->next) {
		int64_t left = at->deadline - now;

		if (left <= 0 && !at->is_closing)
			end_socket(at);
		if (!at->is_closing && (first < 0 || left < first))
			first = left;
	}
	return first;
}

static int64_t
run(struct cw_status_http *http)
{
	MHD_UNSIGNED_LONG_LONG timeout;
	unsigned before;
	int64_t slow;

	/* A daemon that had all connections that it may have accepts again in the next turn. */
	do {
		before = http->count;
		MHD_run(http->daemon);
	} while (http->count < before);
	slow = end_slow_ones(http);
	if (MHD_get_timeout(http->daemon, &timeout) != MHD_YES)
		return slow;
	return slow >= 0 && (uint64_t)slow < timeout ? slow : (int64_t)timeout;
}

static void
resume(struct cw_status_http *http)
{
	for (struct connection *at = http->connections; at != NULL; at = at->next) {
		if (!at->waits)
			continue;
		at->waits = false;
		MHD_resume_connection(at->connection);
	}
}

static void
stop(struct cw_status_http *http)
{
	resume(http);
	MHD_stop_daemon(http->daemon);
	free(http);
}

const struct cw_status_module cw_status_module = {
	.version = CW_STATUS_MODULE_VERSION,
	.start = start,
	.descriptor = descriptor,
	.run = run,
	.resume = resume,
	.stop = stop,
};
