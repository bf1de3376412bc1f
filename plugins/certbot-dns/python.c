#include "python.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../common/helper.h"
#include "../common/instance.h"
#include "../common/memory.h"
#include "../common/waiting.h"

enum {
	PART_SIZE = 4096,
	LINE_MAX_BYTES = 256 * 1024,
	LOOK_INTERVAL = 500,
	INTERRUPTED_SECONDS = 10,
	END_INTERVAL = 5000, /* milliseconds */
};

static void
become_python(int socket, const char *helper, const struct cw_host *host)
{
	const char *name = cw_host_setting(host, "plugin-name");
	const char *folders = cw_host_setting(host, "program-path");
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (folders != NULL && setenv("PATH", folders, 1) == 0 && dup2(socket, STDIN_FILENO) >= 0 &&
	    dup2(socket, STDOUT_FILENO) >= 0)
		execlp("python3", "python3", helper, "run", "certbot", name, (char *)NULL);
	_exit(127);
}

int
python_start(struct python *python)
{
	int sockets[2];
	autofree char *helper = NULL;

	if (python->pid != 0)
		return CW_OK;
	helper = helper_path("certbot-dns.py");
	if (helper == NULL)
		return fail_no_memory(python->host);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
		return cw_host_fail(python->host, CW_E_IO, NULL, "cannot make a socket: %s",
				    strerror(errno));
	python->pid = fork();
	if (python->pid == 0)
		become_python(sockets[1], helper, python->host);
	close(sockets[1]);
	if (python->pid > 0) {
		python->socket = sockets[0];
		return CW_OK;
	}
	close(sockets[0]);
	python->pid = 0;
	return cw_host_fail(python->host, CW_E_IO, NULL, "cannot start Python: %s",
			    strerror(errno));
}

/* Whether it ends soon after its stdin. It is not waited for while it is in a call of the plugin.
 */
static int
ends_soon(const struct python *python)
{
	struct pollfd ready = {.fd = python->socket, .events = POLLIN};
	char part[PART_SIZE];

	if (python->unanswered > 0 || shutdown(python->socket, SHUT_WR) != 0)
		return 0;
	while (poll(&ready, 1, END_INTERVAL) > 0)
		if (read(python->socket, part, sizeof(part)) <= 0)
			return 1;
	return 0;
}

void
python_stop(struct python *python)
{
	if (python->pid != 0) {
		int ending = ends_soon(python);

		close(python->socket);
		waitpid(python->pid, NULL, ending ? 0 : WNOHANG);
	}
	python->pid = 0;
	python->socket = -1;
	free(python->buffer);
	python->buffer = NULL;
	python->length = 0;
	python->unanswered = 0;
}

/* It closed its socket, so it ends, or has ended. */
static int
fail_gone(struct python *python)
{
	const struct cw_host *host = python->host;
	int state = 0;
	pid_t ended = waitpid(python->pid, &state, 0);
	const char *name = cw_host_setting(host, "plugin-name");

	python->pid = 0;
	close(python->socket);
	python_stop(python);
	if (ended > 0 && WIFSIGNALED(state))
		return cw_host_fail(host, CW_E_COMMAND, "see the log for what it wrote",
				    "the Python process of Certbot's plugin \"%s\" was killed by "
				    "signal %d",
				    name, WTERMSIG(state));
	if (ended > 0 && WEXITSTATUS(state) == 127)
		return cw_host_fail(host, CW_E_NOT_FOUND, "install the package python3-certbot",
				    "there is no program \"python3\"");
	return cw_host_fail(host, CW_E_COMMAND, "see the log for what it wrote",
			    "the Python process of Certbot's plugin \"%s\" ended (exit status %d)",
			    name, ended > 0 ? WEXITSTATUS(state) : -1);
}

int
python_send(struct python *python, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t sent = send(python->socket, text, left, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return fail_gone(python);
		text += sent;
		left -= (size_t)sent;
	}
	python->unanswered++;
	return CW_OK;
}

/* The first line of the buffer; NULL: there is none yet. */
static char *
take_line(struct python *python)
{
	char *end = python->length > 0 ? memchr(python->buffer, '\n', python->length) : NULL;
	size_t length;
	char *line;

	if (end == NULL)
		return NULL;
	length = (size_t)(end - python->buffer);
	line = memory_copy(python->buffer, length);
	python->length -= length + 1;
	memmove(python->buffer, end + 1, python->length);
	return line;
}

/* Reads what is there. CW_OK, or why no line can come any more. */
static int
read_part(struct python *python)
{
	ssize_t got;

	if (python->length > LINE_MAX_BYTES) {
		python_stop(python);
		return cw_host_fail(python->host, CW_E_COMMAND, NULL,
				    "the Python process of Certbot's plugin \"%s\" wrote too much",
				    cw_host_setting(python->host, "plugin-name"));
	}
	python->buffer = memory_resize(python->buffer, python->length + PART_SIZE, 1);
	got = read(python->socket, python->buffer + python->length, PART_SIZE);
	if (got < 0 && errno == EINTR)
		return CW_OK;
	if (got <= 0)
		return fail_gone(python);
	python->length += (size_t)got;
	return CW_OK;
}

static long
time_limit(const struct python *python)
{
	const char *seconds = cw_host_setting(python->host, "plugin-timeout");
	long limit = seconds != NULL ? strtol(seconds, NULL, 10) : 300;

	if (python->interrupted && (limit == 0 || limit > INTERRUPTED_SECONDS))
		return INTERRUPTED_SECONDS;
	return limit;
}

static int
fail_late(struct python *python)
{
	const struct cw_host *host = python->host;
	long limit = time_limit(python);

	python_stop(python);
	return cw_host_fail(host, CW_E_TIMEOUT,
			    "see whether the provider can be reached; --plugin-timeout sets the "
			    "limit",
			    "Certbot's plugin \"%s\" did not answer within %ld seconds",
			    cw_host_setting(host, "plugin-name"), limit);
}

int
python_receive(struct python *python, char **line)
{
	long limit = time_limit(python);
	long long begin = milliseconds_now();
	int status = CW_OK;

	for (*line = take_line(python); *line == NULL && status == CW_OK;
	     *line = status == CW_OK ? take_line(python) : NULL) {
		struct pollfd ready = {.fd = python->socket, .events = POLLIN};

		if (poll(&ready, 1, LOOK_INTERVAL) > 0)
			status = read_part(python);
		else if (limit > 0 && milliseconds_now() - begin >= limit * 1000LL)
			status = fail_late(python);
		else
			status = cw_host_wait(python->host, 0);
	}
	return status;
}
