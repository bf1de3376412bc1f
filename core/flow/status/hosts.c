#include "flow/status/hosts.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/text.h"

enum { NAME_MAX_BYTES = 255, PORT_MAX = 65535 };

void
cw_status_own_names(struct cw_strv *names)
{
	char name[NAME_MAX_BYTES + 1] = "";

	if (gethostname(name, sizeof(name) - 1) == 0 && *name != '\0')
		cw_strv_add(names, cw_lower(name));
}

static bool
is_port(const char *text)
{
	uint64_t port;

	return *text == '\0' || (*text == ':' && cw_parse_uint(text + 1, PORT_MAX, &port));
}

static bool
is_bracketed_address(const char *host)
{
	const char *end = strchr(host, ']');
	cw_autofree char *address = NULL;
	unsigned char bytes[16];

	if (end == NULL || !is_port(end + 1))
		return false;
	address = cw_memdup(host + 1, (size_t)(end - host - 1));
	return inet_pton(AF_INET6, address, bytes) == 1;
}

static bool
is_plain_name(const char *name)
{
	return *name != '\0' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

bool
cw_status_host_is_allowed(const char *host, const struct cw_strv *own_names)
{
	cw_autofree char *name = NULL;
	unsigned char bytes[4];
	size_t length;

	if (host == NULL)
		return true;
	if (*host == '[')
		return is_bracketed_address(host);
	length = strcspn(host, ":");
	if (!is_port(host + length))
		return false;
	name = cw_lower(cw_memdup(host, length));
	/* "localhost." is the same name. */
	if (cw_ends_with(name, "."))
		name[strlen(name) - 1] = '\0';
	return is_plain_name(name) || inet_pton(AF_INET, name, bytes) == 1 ||
	       cw_strv_contains(own_names, name);
}
