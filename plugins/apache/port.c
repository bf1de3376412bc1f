#include "port.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "process.h"

enum { HTTPS_PORT = 443 };

static bool
can_bind(const struct sockaddr *address, socklen_t size)
{
	int on = 1, number = 0;
	int probe = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (probe < 0)
		return true; /* without IPv6, say */
	setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa_family == AF_INET6)
		setsockopt(probe, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(probe, address, size) != 0)
		number = errno;
	close(probe);
	return number != EADDRINUSE;
}

static void
add_line(struct text *lines, const char *address, unsigned port, bool tls)
{
	const char *protocol = tls && port != HTTPS_PORT ? " https" : "";

	if (strcmp(address, "*") == 0)
		text_format(lines, "Listen %u%s\n", port, protocol);
	else if (strchr(address, ':') != NULL)
		text_format(lines, "Listen [%s]:%u%s\n", address, port, protocol);
	else
		text_format(lines, "Listen %s:%u%s\n", address, port, protocol);
}

bool
port_is_free(unsigned port)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

	return can_bind((const struct sockaddr *)&four, sizeof(four)) &&
	       can_bind((const struct sockaddr *)&six, sizeof(six));
}

/* Its files may say otherwise since it has read them. */
static bool
is_apaches(const struct model *model, unsigned port)
{
	struct sockets listening = {0};
	pid_t parent = process_parent(model->config.facts->pid_path);
	bool found;

	if (parent != 0)
		proc_listening(parent, &listening);
	found = process_listens_on(&listening, port);
	sockets_clear(&listening);
	return found;
}

/* Whether an earlier Listen is for the same, as "0.0.0.0:80" and "[::]:80" are: Apache ends when it
 * has to listen twice. */
static bool
is_repeated(const struct model *model, size_t index)
{
	const struct address *at = &model->listens[index].address;

	for (size_t i = 0; i < index; i++)
		if (model->listens[i].address.port == at->port &&
		    strcmp(model->listens[i].address.host, at->host) == 0)
			return true;
	return false;
}

int
port_listen(const struct model *model, unsigned port, unsigned like, bool tls, struct text *lines)
{
	for (size_t i = 0; i < model->listen_count; i++)
		if (model->listens[i].address.port == port)
			return CW_OK;
	if (!port_is_free(port) && !is_apaches(model, port))
		return cw_host_fail(model->config.host, CW_E_BUSY,
				    "stop that program, or have Apache listen on its port",
				    "Apache does not listen on port %u, which another program has",
				    port);
	for (size_t i = 0; i < model->listen_count; i++)
		if (model->listens[i].address.port == like && !is_repeated(model, i))
			add_line(lines, model->listens[i].address.host, port, tls);
	if (lines->length == 0)
		add_line(lines, "*", port, tls);
	return CW_OK;
}
