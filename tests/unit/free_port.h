/*
 * A loopback port that nobody else takes. It is below the range that the kernel hands to outgoing
 * connections: one that was free a moment ago may otherwise be some client's before the server that
 * it is meant for has it. Include after <cmocka.h>.
 */
#ifndef CW_TESTS_FREE_PORT_H
#define CW_TESTS_FREE_PORT_H

#include "base/clock.h"
#include "base/mem.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

enum { PORT_LOWEST = 10240 };

static inline bool
port_is_free(unsigned port, int kind)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	cw_autoclose int probe = socket(AF_INET, kind | SOCK_CLOEXEC, 0);

	return bind(probe, (struct sockaddr *)&address, sizeof(address)) == 0;
}

/* Where the range for outgoing connections begins. */
static inline unsigned
port_limit(void)
{
	cw_autofile FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");
	unsigned low = 0;

	if (file == NULL || fscanf(file, "%u", &low) != 1 || low < PORT_LOWEST + 1000)
		return 32768;
	return low;
}

/* Free for streams and datagrams. */
static inline unsigned
free_port(void)
{
	unsigned limit = port_limit();

	for (int tries = 0; tries < 1000; tries++) {
		unsigned port = PORT_LOWEST + (unsigned)cw_random_below(limit - PORT_LOWEST);

		if (port_is_free(port, SOCK_STREAM) && port_is_free(port, SOCK_DGRAM))
			return port;
	}
	fail_msg("there is no free port");
	return 0;
}

#endif
