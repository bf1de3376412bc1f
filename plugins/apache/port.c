#include "port.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "process.h"

enum { HTTPS_PORT = 443 };

/* 0: the address can be listened on; else the reason, as in errno. */
static int
probe(const struct sockaddr *address, socklen_t size)
{
	int on = 1, number = 0;
	int handle = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (handle < 0)
		return errno; /* without IPv6, say */
	setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa_family == AF_INET6)
		setsockopt(handle, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(handle, address, size) != 0)
		number = errno;
	close(handle);
	return number;
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

	return probe((const struct sockaddr *)&four, sizeof(four)) != EADDRINUSE &&
	       probe((const struct sockaddr *)&six, sizeof(six)) != EADDRINUSE;
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

static bool
listens_at(const struct model *model, const char *host, unsigned port)
{
	for (size_t i = 0; i < model->listen_count; i++) {
		const struct address *at = &model->listens[i].address;

		if (at->port == port && (strcmp(at->host, host) == 0 || strcmp(at->host, "*") == 0))
			return true;
	}
	return false;
}

/* 0: ADDRESS and PORT can be listened on; else the reason, as in errno. */
static int
probe_address(const char *address, unsigned port)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

	if (inet_pton(AF_INET, address, &four.sin_addr) == 1)
		return probe((const struct sockaddr *)&four, sizeof(four));
	if (inet_pton(AF_INET6, address, &six.sin6_addr) == 1)
		return probe((const struct sockaddr *)&six, sizeof(six));
	return EADDRNOTAVAIL;
}

int
port_listen_at(const struct model *model, const char *address, unsigned port, bool needed,
	       struct text *lines)
{
	auto_text struct text line = {0};
	int number;

	if (listens_at(model, address, port))
		return CW_OK;
	number = probe_address(address, port);
	if (number == EADDRINUSE && needed)
		return cw_host_fail(
			model->config.host, CW_E_BUSY,
			"stop that program, or have Apache listen there",
			"Apache does not listen on port %u of %s, which another program "
			"has",
			port, address);
	add_line(&line, address, port, true);
	if (number == 0 && (lines->data == NULL || strstr(lines->data, line.data) == NULL))
		text_add_string(lines, line.data);
	return CW_OK;
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
