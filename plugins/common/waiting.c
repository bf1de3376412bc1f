#include "waiting.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include "memory.h"

enum { NAP_FIRST = 1, NAP_LAST = 25 };

long long
milliseconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
nap(const struct cw_host *host, unsigned *milliseconds)
{
	cw_host_still_busy(host);
	if (*milliseconds == 0)
		*milliseconds = NAP_FIRST;
	poll(NULL, 0, (int)*milliseconds);
	*milliseconds = *milliseconds * 2 > NAP_LAST ? NAP_LAST : *milliseconds * 2;
}

int
cannot_signal(const struct cw_host *host, const char *server, pid_t pid)
{
	return cw_host_fail(host, errno == EPERM ? CW_E_PERMISSION : CW_E_IO,
			    errno == EPERM ? "run certwright as root" : NULL,
			    "cannot tell %s (process %ld) to reload: %s", server, (long)pid,
			    strerror(errno));
}

int
no_pid_file(const struct cw_host *host, const char *server, const char *path)
{
	autofree char *hint = memory_format("see %s's error log", server);

	return cw_host_fail(host, CW_E_TIMEOUT, hint,
			    "%s was started, but the pid file \"%s\" does not name its process",
			    server, path);
}
