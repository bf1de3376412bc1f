#include "flow/agent/manager.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "flow/work/given_sockets.h"

enum { SOCKETS_MAX = 64, MICROSECONDS = 1000000 };

void
cw_manager_tell(const char *format, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cw_autoclose int descriptor = -1;
	cw_autofree char *text = NULL;
	va_list arguments;
	size_t length;

	if (path == NULL || (*path != '/' && *path != '@') ||
	    strlen(path) >= sizeof(address.sun_path))
		return;
	va_start(arguments, format);
	text = cw_vformat(format, arguments);
	va_end(arguments);
	length = strlen(path);
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		address.sun_path[0] = '\0';
	descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (descriptor < 0 ||
	    sendto(descriptor, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		cw_log_debug("cannot tell the service manager: %s", text);
}

static bool
is_for_us(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t pid;

	return text == NULL || (cw_parse_uint(text, INT32_MAX, &pid) && (pid_t)pid == getpid());
}

int64_t
cw_manager_watchdog(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	uint64_t microseconds;

	if (text == NULL || !is_for_us("WATCHDOG_PID") ||
	    !cw_parse_uint(text, UINT64_MAX / 2, &microseconds) || microseconds == 0)
		return 0;
	microseconds /= 2;
	return microseconds < MICROSECONDS ? 1 : (int64_t)(microseconds / MICROSECONDS);
}

int
cw_manager_take_sockets(void)
{
	const char *text = getenv("LISTEN_FDS");
	uint64_t count;

	if (text == NULL || getenv("LISTEN_PID") == NULL || !is_for_us("LISTEN_PID") ||
	    !cw_parse_uint(text, SOCKETS_MAX, &count))
		return 0;
	for (int i = 0; i < (int)count; i++)
		fcntl(STDERR_FILENO + 1 + i, F_SETFD, FD_CLOEXEC);
	cw_given_sockets_set(STDERR_FILENO + 1, (int)count);
	return (int)count;
}
