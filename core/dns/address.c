/* Addresses of name servers, as text and compared, and those of the resolvers. */
#include "dns/address.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

enum { DNS_PORT = 53 };

static bool
parse_host(char *host, struct cw_dns_address *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&address->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&address->address;
	char *scope = strchr(host, '%');

	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		address->length = sizeof(*v4);
		return true;
	}
	/* A link-local address needs its interface: fe80::1%eth0. */
	if (scope != NULL)
		*scope++ = '\0';
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
		return false;
	v6->sin6_family = AF_INET6;
	v6->sin6_scope_id = scope != NULL ? if_nametoindex(scope) : 0;
	address->length = sizeof(*v6);
	return true;
}

bool
cw_dns_parse_address(const char *text, struct cw_dns_address *address)
{
	cw_autofree char *copy = cw_strdup(text);
	char *host = copy, *port = NULL, *close;
	uint64_t number = DNS_PORT;

	memset(address, 0, sizeof(*address));
	if (*host == '[') {
		host++;
		close = strchr(host, ']');
		if (close == NULL || (close[1] != '\0' && close[1] != ':'))
			return false;
		port = close[1] == ':' ? close + 2 : NULL;
		*close = '\0';
	} else if (strchr(host, ':') == strrchr(host, ':') && strchr(host, ':') != NULL) {
		port = strchr(host, ':');
		*port++ = '\0';
	}
	if (port != NULL && (!cw_parse_uint(port, 65535, &number) || number == 0))
		return false;
	if (!parse_host(host, address))
		return false;
	cw_dns_set_port(address, (uint16_t)number);
	return true;
}

char *
cw_dns_format_address(const struct cw_dns_address *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address->address;
	const struct sockaddr_in6 *v6 =
		(const struct sockaddr_in6 *)(const void *)&address->address;
	char text[INET6_ADDRSTRLEN] = "?";

	if (address->address.ss_family == AF_INET6)
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
	return cw_strdup(text);
}

void
cw_dns_set_port(struct cw_dns_address *address, uint16_t port)
{
	/* The port stands at the same place in both kinds. */
	((struct sockaddr_in *)(void *)&address->address)->sin_port = htons(port);
}

uint16_t
cw_dns_port(const struct cw_dns_address *address)
{
	return ntohs(((const struct sockaddr_in *)(const void *)&address->address)->sin_port);
}

bool
cw_dns_same_host(const struct cw_dns_address *a, const struct cw_dns_address *b)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)(const void *)&a->address;
	const struct sockaddr_in *b4 = (const struct sockaddr_in *)(const void *)&b->address;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)(const void *)&a->address;
	const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)(const void *)&b->address;

	if (a->address.ss_family != b->address.ss_family)
		return false;
	if (a->address.ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr)) == 0;
}

static size_t
read_resolv_conf(struct cw_dns_address *resolvers, size_t max)
{
	cw_auto_buf struct cw_buf text = {0};
	size_t count = 0;
	char *rest, *line;

	if (cw_file_read("/etc/resolv.conf", 64 * 1024, &text, NULL) != CW_OK)
		return 0;
	rest = text.data;
	while ((line = strsep(&rest, "\n")) != NULL && count < max) {
		line[strcspn(line, "#;")] = '\0';
		line = cw_trim(line);
		if (strncmp(line, "nameserver", 10) == 0 &&
		    cw_dns_parse_address(cw_trim(line + 10), &resolvers[count]))
			count++;
	}
	return count;
}

int
cw_dns_resolvers(const char *setting, struct cw_dns_address *resolvers, size_t max, size_t *count,
		 struct cw_error *error)
{
	if (setting != NULL && *setting != '\0') {
		*count = 1;
		if (cw_dns_parse_address(setting, &resolvers[0]))
			return CW_OK;
		cw_fail(error, CW_E_INVALID, "\"%s\" is not the address of a DNS resolver",
			setting);
		cw_hint(error, "give an IP address, with or without a port, with --dns-resolver: "
			       "192.0.2.1:53 or [2001:db8::1]:53");
		return CW_E_INVALID;
	}
	*count = read_resolv_conf(resolvers, max);
	/* What the C library does without one (resolv.conf(5)). */
	if (*count == 0 && cw_dns_parse_address("127.0.0.1", &resolvers[0]))
		*count = 1;
	return CW_OK;
}
