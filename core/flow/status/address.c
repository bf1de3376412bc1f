/* server.h: the address to listen on. */
#include "flow/status/address.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "flow/status/server.h"

enum { PORT_MAX = 65535 };

static int
refuse(const char *text, struct cw_error *error)
{
	cw_fail(error, CW_E_USAGE, "\"%s\" is not an address with a port", text);
	cw_hint(error, "give for example 127.0.0.1:9402 or [::1]:9402");
	return CW_E_USAGE;
}

static bool
is_address(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

int
cw_status_address_parse(const char *text, char **address, unsigned *port, struct cw_error *error)
{
	const char *colon = strrchr(text, ':');
	const char *number = colon != NULL ? colon + 1 : text;
	size_t length = colon != NULL ? (size_t)(colon - text) : 0;
	cw_autofree char *host = cw_memdup(text, length);
	uint64_t value;

	*address = NULL;
	if (!cw_parse_uint(number, PORT_MAX, &value))
		return refuse(text, error);
	if (length > 1 && *host == '[' && host[length - 1] == ']') {
		host[length - 1] = '\0';
		memmove(host, host + 1, length - 1);
	} else if (strchr(host, ':') != NULL) {
		return refuse(text, error);
	}
	if (*host == '\0' || strcmp(host, "localhost") == 0) {
		/* ":9402" is all addresses, "9402" is not. */
		free(host);
		host = cw_strdup(colon == text ? "0.0.0.0" : "127.0.0.1");
	}
	if (!is_address(host))
		return refuse(text, error);
	*address = cw_take(&host);
	*port = (unsigned)value;
	return CW_OK;
}

bool
cw_status_address_is_local(const char *text)
{
	cw_autofree char *address = NULL;
	struct in_addr v4;
	struct in6_addr v6;
	unsigned port;

	if (cw_status_address_parse(text, &address, &port, NULL) < 0)
		return false;
	/* 127.0.0.0/8 (RFC 1122 section 3.2.1.3). */
	if (inet_pton(AF_INET, address, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}
