#include "address.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PORT_MAX = 65535, HTTPS_PORT = 443 };

/* A port, or "*" for any (0). */
static bool
parse_port(const char *text, unsigned *port)
{
	char *end;
	unsigned long number;

	*port = 0;
	if (strcmp(text, "*") == 0)
		return true;
	number = isdigit((unsigned char)*text) ? strtoul(text, &end, 10) : 0;
	if (number == 0 || number > PORT_MAX || *end != '\0')
		return false;
	*port = (unsigned)number;
	return true;
}

/* Divides TEXT at the port. HOST gets no brackets, and "" if there is only a port. */
static bool
divide(struct arena *arena, const char *text, const char **host, unsigned *port)
{
	const char *colon = strrchr(text, ':');

	if (*text == '[') {
		const char *close = strchr(text, ']');

		if (close == NULL)
			return false;
		*host = arena_copy(arena, text + 1, (size_t)(close - text) - 1);
		return close[1] == '\0' || (close[1] == ':' && parse_port(close + 2, port));
	}
	if (colon == NULL) {
		*host = text;
		return true;
	}
	*host = arena_copy(arena, text, (size_t)(colon - text));
	return parse_port(colon + 1, port);
}

/* An address in numbers as inet_ntop() writes it; NULL: it is a name. */
static const char *
numeric(struct arena *arena, const char *text)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	char out[INET6_ADDRSTRLEN];
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;

	if (inet_pton(family, text, bytes) != 1 ||
	    inet_ntop(family, bytes, out, sizeof(out)) == NULL)
		return NULL;
	return arena_copy(arena, out, strlen(out));
}

static size_t
look_up(struct arena *arena, const char *name, unsigned port, struct address found[ADDRESS_MAX])
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	size_t count = 0;

	if (getaddrinfo(name, NULL, &hints, &list) != 0)
		return 0;
	for (struct addrinfo *at = list; at != NULL && count < ADDRESS_MAX; at = at->ai_next) {
		char text[NI_MAXHOST];

		if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof(text), NULL, 0,
				NI_NUMERICHOST) != 0)
			continue;
		found[count++] = (struct address){arena_copy(arena, text, strlen(text)), port};
	}
	freeaddrinfo(list);
	return count;
}

size_t
address_parse(struct arena *arena, const char *text, unsigned otherwise,
	      struct address found[ADDRESS_MAX])
{
	const char *host;
	unsigned port = otherwise;

	if (!divide(arena, text, &host, &port))
		return 0;
	if (strcmp(host, "*") == 0 || strcasecmp(host, "_default_") == 0 ||
	    strcmp(host, "255.255.255.255") == 0) {
		found[0] = (struct address){"*", port};
		return 1;
	}
	found[0] = (struct address){numeric(arena, host), port};
	return found[0].host != NULL ? 1 : look_up(arena, host, port, found);
}

bool
listen_parse(struct arena *arena, const char *arguments, struct listen *listen)
{
	const char *address = words_next(arena, &arguments);
	const char *protocol = words_next(arena, &arguments);
	const char *host = NULL;
	unsigned port = 0;

	if (parse_port(address, &port))
		host = "*";
	else if (!divide(arena, address, &host, &port))
		return false;
	if (port == 0)
		return false;
	if (strcmp(host, "*") == 0 || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0) {
		listen->address.host = "*";
	} else {
		listen->address.host = numeric(arena, host);
		if (listen->address.host == NULL)
			listen->address.host = host;
	}
	listen->address.port = port;
	listen->tls = *protocol != '\0' ? strcasecmp(protocol, "https") == 0 : port == HTTPS_PORT;
	return true;
}
