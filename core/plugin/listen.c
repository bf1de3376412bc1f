/* A listening socket, and who has the port when we cannot. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "plugin/instance.h"
#include "plugin/port_holder_internal.h"

enum {
	BACKLOG = 1024,
	LONGEST_WAIT = 32 /* milliseconds, the last of 1, 2, 4 ... */
};

static int
parse_address(const char *address, unsigned port, struct sockaddr_storage *socket_address,
	      socklen_t *length, struct cw_error *error)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)socket_address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)socket_address;

	memset(socket_address, 0, sizeof(*socket_address));
	if (port > 65535)
		return cw_fail(error, CW_E_INVALID, "%u is no port number", port);
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		*length = sizeof(*v4);
		return CW_OK;
	}
	if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		*length = sizeof(*v6);
		return CW_OK;
	}
	cw_fail(error, CW_E_INVALID, "\"%s\" is no IP address to listen on", address);
	cw_hint(error, "give an address of this machine, as 192.0.2.1 or 2001:db8::1");
	return CW_E_INVALID;
}

static int
new_socket(int family, int *descriptor)
{
	const int on = 1;

	*descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*descriptor < 0 ||
	    setsockopt(*descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return -1;
	if (family == AF_INET6)
		return setsockopt(*descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return 0;
}

/* Binds and listens; 0, or the errno. */
static int
try_listen(const struct sockaddr_storage *address, socklen_t length, int *descriptor)
{
	cw_autoclose int made = -1;

	if (new_socket(address->ss_family, &made) != 0 ||
	    bind(made, (const struct sockaddr *)(const void *)address, length) != 0 ||
	    listen(made, BACKLOG) != 0)
		return errno;
	*descriptor = made;
	made = -1;
	return 0;
}

static int
busy(const char *address, unsigned port, const struct cw_port_holder *holder,
     struct cw_error *error)
{
	if (holder->process > 0)
		cw_fail(error, CW_E_BUSY,
			"cannot listen on port %u of \"%s\": the port is held by \"%s\" "
			"(process %ld)",
			port, address, holder->program, (long)holder->process);
	else
		cw_fail(error, CW_E_BUSY,
			"cannot listen on port %u of \"%s\": the port is held by another process",
			port, address);
	if (holder->ours)
		cw_hint(error, "try again when that run of certwright is over");
	else
		cw_hint(error, "stop that program while the certificate is obtained (--pre-hook "
			       "and --post-hook can do that), or let it answer: --webroot");
	return CW_E_BUSY;
}

static int
refused(const char *address, unsigned port, int number, struct cw_error *error)
{
	switch (number) {
	case EACCES:
	case EPERM:
		cw_fail(error, CW_E_PERMISSION,
			"cannot listen on port %u of \"%s\": permission denied", port, address);
		cw_hint(error, "run this as root; ports below 1024 are reserved");
		return CW_E_PERMISSION;
	case EADDRNOTAVAIL:
		cw_fail(error, CW_E_UNSUPPORTED,
			"cannot listen on \"%s\": this machine has no such address", address);
		cw_hint(error, "give an address that \"ip address\" shows");
		return CW_E_UNSUPPORTED;
	case EAFNOSUPPORT:
	case EPROTONOSUPPORT:
		return cw_fail(error, CW_E_UNSUPPORTED,
			       "cannot listen on \"%s\": this machine has no such kind of address",
			       address);
	default:
		return cw_fail_errno(error, number, "cannot listen on port %u of \"%s\"", port,
				     address);
	}
}

int
cw_listen(const char *address, unsigned port, int *descriptor, bool *by_run, struct cw_error *error)
{
	struct sockaddr_storage socket_address;
	struct cw_port_holder holder = {0};
	socklen_t length = 0;
	int number, status;

	*descriptor = -1;
	*by_run = false;
	status = parse_address(address, port, &socket_address, &length, error);
	if (status != CW_OK)
		return status;
	for (int wait = 1;; wait *= 2) {
		number = try_listen(&socket_address, length, descriptor);
		if (number != EADDRINUSE)
			break;
		cw_port_holder_find(&socket_address, &holder);
		/* Held by nobody that listens: somebody was just about to begin or to end. */
		if (holder.process != 0 || wait > LONGEST_WAIT)
			break;
		poll(NULL, 0, wait);
	}
	*by_run = number == EADDRINUSE && holder.ours;
	if (number == EADDRINUSE)
		return busy(address, port, &holder, error);
	if (number != 0)
		return refused(address, port, number, error);
	cw_log_debug("listening on port %u of \"%s\"", port, address);
	return CW_OK;
}
