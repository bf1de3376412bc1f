#include "listen.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PORT_MAX = 65535, HTTP_PORT = 80, USER_PORT = 8000 };

/* A port or a range "FIRST-LAST". */
static bool
parse_ports(const char *text, struct listen *listen)
{
	char *end;
	unsigned long first, last;

	if (!isdigit((unsigned char)*text))
		return false;
	first = last = strtoul(text, &end, 10);
	if (*end == '-' && isdigit((unsigned char)end[1]))
		last = strtoul(end + 1, &end, 10);
	if (*end != '\0' || first == 0 || last < first || last > PORT_MAX)
		return false;
	listen->port = (unsigned)first;
	listen->last_port = (unsigned)last;
	return true;
}

static bool
parse_ipv6(struct arena *arena, const char *text, struct listen *listen)
{
	const char *end = strchr(text, ']');
	char shortest[INET6_ADDRSTRLEN + 2] = "[";
	unsigned char bytes[sizeof(struct in6_addr)];
	const char *inner;

	if (end == NULL)
		return false;
	inner = arena_copy(arena, text + 1, (size_t)(end - text) - 1);
	if (inet_pton(AF_INET6, inner, bytes) != 1 ||
	    inet_ntop(AF_INET6, bytes, shortest + 1, sizeof(shortest) - 2) == NULL)
		return false;
	strcat(shortest, "]");
	listen->address = arena_copy(arena, shortest, strlen(shortest));
	listen->port = listen->last_port = HTTP_PORT;
	return end[1] == '\0' || (end[1] == ':' && parse_ports(end + 2, listen));
}

static bool
parse_host(struct arena *arena, const char *text, struct listen *listen)
{
	const char *colon = strchr(text, ':');
	size_t length = colon != NULL ? (size_t)(colon - text) : strlen(text);
	char *host;

	listen->port = listen->last_port = HTTP_PORT;
	if (colon == NULL && parse_ports(text, listen)) {
		listen->address = "*";
		return true;
	}
	if (length == 0 || (colon != NULL && !parse_ports(colon + 1, listen)))
		return false;
	host = arena_copy(arena, text, length);
	for (char *byte = host; *byte != '\0'; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	listen->address = strcmp(host, "0.0.0.0") == 0 ? "*" : host;
	return true;
}

static void
parse_option(const char *word, struct listen *listen)
{
	if (strcmp(word, "default_server") == 0 || strcmp(word, "default") == 0)
		listen->default_server = true;
	else if (strcmp(word, "ssl") == 0)
		listen->ssl = true;
	else if (strcmp(word, "http2") == 0)
		listen->http2 = true;
	else if (strcmp(word, "quic") == 0)
		listen->quic = true;
	else if (strcmp(word, "proxy_protocol") == 0)
		listen->proxy_protocol = true;
	else if (strcmp(word, "ipv6only=off") == 0)
		listen->dual = true;
}

bool
listen_parse(struct directive *directive, struct listen *listen)
{
	struct arena *arena = directive->syntax->arena;
	const char *value;

	memset(listen, 0, sizeof(*listen));
	listen->directive = directive;
	if (directive->word_count < 2)
		return false;
	value = syntax_value(directive, 1);
	for (size_t i = 2; i < directive->word_count; i++)
		parse_option(syntax_value(directive, i), listen);
	if (strncasecmp(value, "unix:", 5) == 0) {
		listen->address = value;
		return true;
	}
	return *value == '[' ? parse_ipv6(arena, value, listen) : parse_host(arena, value, listen);
}

struct listen
listen_implicit(void)
{
	unsigned port = getuid() == 0 ? HTTP_PORT : USER_PORT;

	return (struct listen){.address = "*", .port = port, .last_port = port};
}

bool
listen_has_port(const struct listen *listen, unsigned port)
{
	return listen->port > 0 && listen->port <= port && port <= listen->last_port;
}

bool
listen_is_unix(const struct listen *listen)
{
	return listen->port == 0;
}

bool
listen_is_ipv6(const struct listen *listen)
{
	return listen->address[0] == '[';
}

char *
listen_words(const char *address, unsigned port)
{
	if (strcmp(address, "*") == 0)
		return memory_format("%u", port);
	return memory_format("%s:%u", address, port);
}

bool
listen_is_unique_option(const char *word)
{
	static const char *const options[] = {"default_server", "default",   "bind",
					      "deferred",       "reuseport", "multipath"};
	static const char *const valued[] = {
		"backlog=",  "rcvbuf=",        "sndbuf=",   "setfib=",
		"fastopen=", "accept_filter=", "ipv6only=", "so_keepalive="};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (strcmp(word, options[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(valued) / sizeof(*valued); i++)
		if (strncmp(word, valued[i], strlen(valued[i])) == 0)
			return true;
	return false;
}
