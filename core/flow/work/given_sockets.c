#include "flow/work/given_sockets.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

static int first_given, given_count;

void
cw_given_sockets_set(int first, int count)
{
	first_given = first;
	given_count = count;
}

/* A socket for all addresses of IPv6 may also be one for those of IPv4. */
static bool
serves(int descriptor, const char *address, unsigned port)
{
	struct sockaddr_storage bound = {0};
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&bound;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&bound;
	bool wants_v6 = strchr(address, ':') != NULL;
	socklen_t length = sizeof(bound);
	struct in6_addr wanted = {0};
	int only_v6 = 1, listens = 0;
	socklen_t size = sizeof(int);

	if (getsockname(descriptor, (struct sockaddr *)&bound, &length) != 0 ||
	    getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens)
		return false;
	if (bound.ss_family == AF_INET)
		return !wants_v6 && ntohs(v4->sin_port) == port &&
		       (v4->sin_addr.s_addr == htonl(INADDR_ANY) ||
			(inet_pton(AF_INET, address, &wanted) == 1 &&
			 memcmp(&wanted, &v4->sin_addr, sizeof(v4->sin_addr)) == 0));
	if (bound.ss_family != AF_INET6 || ntohs(v6->sin6_port) != port)
		return false;
	size = sizeof(int);
	getsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, &size);
	if (!wants_v6)
		return !only_v6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
	return IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr) ||
	       (inet_pton(AF_INET6, address, &wanted) == 1 &&
		memcmp(&wanted, &v6->sin6_addr, sizeof(wanted)) == 0);
}

int
cw_given_socket(const char *address, unsigned port)
{
	for (int i = 0; i < given_count; i++) {
		int descriptor = first_given + i;
		int copy;

		if (!serves(descriptor, address, port))
			continue;
		copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
		if (copy >= 0)
			fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) | O_NONBLOCK);
		return copy;
	}
	return -1;
}
