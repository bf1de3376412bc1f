#include "socket.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { SECONDS = 30, BLOCK = 4096 };

static const char hint[] = "see whether HAProxy runs, and whether haproxy.cfg has \"stats socket "
			   "PATH level admin\" with the path of --haproxy-socket";

static int
fail(const struct cw_host *host, const char *what)
{
	return cw_host_fail(host, CW_E_NETWORK, hint, "cannot %s the HAProxy socket \"%s\": %s",
			    what, cw_host_option(host, "socket"),
			    errno == EAGAIN ? "HAProxy does not answer" : strerror(errno));
}

static int
connect_to(const struct cw_host *host, int descriptor)
{
	const struct timeval limit = {.tv_sec = SECONDS};
	const char *path = cw_host_option(host, "socket");
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return cw_host_fail(host, CW_E_INVALID, NULL,
				    "the path of the socket \"%s\" is too long", path);
	strcpy(address.sun_path, path);
	setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(descriptor, (const struct sockaddr *)&address, sizeof(address)) != 0)
		return fail(host, "connect to");
	return CW_OK;
}

static int
send_all(const struct cw_host *host, int descriptor, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(descriptor, data, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return fail(host, "write to");
		data += sent;
		length -= (size_t)sent;
	}
	return CW_OK;
}

/* HAProxy closes the connection after its answer. */
static int
receive_all(const struct cw_host *host, int descriptor, struct text *answer)
{
	char block[BLOCK];
	int status = CW_OK;

	while (status == CW_OK) {
		ssize_t length = recv(descriptor, block, sizeof(block), 0);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return fail(host, "read from");
		status = text_add(host, answer, block, (size_t)length);
		if (length == 0)
			break;
	}
	return status;
}

static int
exchange(const struct cw_host *host, int descriptor, const char *command,
	 const struct text *payload, struct text *answer)
{
	int status = connect_to(host, descriptor);

	if (status == CW_OK)
		status = send_all(host, descriptor, command, strlen(command));
	if (status == CW_OK && payload != NULL) {
		status = send_all(host, descriptor, " <<\n", 4);
		if (status == CW_OK)
			status = send_all(host, descriptor, payload->data, payload->length);
	}
	if (status == CW_OK)
		status = send_all(host, descriptor, "\n", 1);
	if (status == CW_OK)
		status = receive_all(host, descriptor, answer);
	if (status == CW_OK && strstr(answer->data, "Permission denied") != NULL)
		status =
			cw_host_fail(host, CW_E_PERMISSION,
				     "write \"level admin\" after the socket's path in haproxy.cfg",
				     "the HAProxy socket \"%s\" does not allow this",
				     cw_host_option(host, "socket"));
	return status;
}

int
socket_ask(const struct cw_host *host, const char *command, const struct text *payload,
	   struct text *answer)
{
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int status;

	if (descriptor < 0)
		return fail(host, "open");
	status = exchange(host, descriptor, command, payload, answer);
	close(descriptor);
	return status;
}

int
socket_check_word(const struct cw_host *host, const char *word)
{
	for (const char *c = word; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || strchr(";\\<\"'", *c) != NULL)
			return cw_host_fail(
				host, CW_E_INVALID, "choose another path",
				"\"%s\" has a character that HAProxy's socket does not take", word);
	return CW_OK;
}
