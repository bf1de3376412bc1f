#include "library/spawn.h"
#include <certwright/certwright.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "library/protocol.h"

/* How many bytes of the folders of libraries and of programs are the same, up to a slash. */
static size_t
common_length(const char *a, const char *b)
{
	size_t common = 0;

	for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '/')
			common = i;
	return common;
}

/* A tree can be installed below another prefix than it was configured for: the program is where it
 * is as seen from this library. */
static bool
find_beside_library(char *path)
{
	static const char libraries[] = CW_LIBDIR, programs[] = CW_BINDIR;
	size_t common = common_length(libraries, programs);
	const char *tail = libraries + common;
	char library[PATH_MAX];
	Dl_info place;
	char *end;

	if (dladdr(libraries, &place) == 0 || realpath(place.dli_fname, library) == NULL)
		return false;
	end = strrchr(library, '/');
	if (end == NULL || (size_t)(end - library) < strlen(tail))
		return false;
	*end = '\0';
	end -= strlen(tail);
	if (strcmp(end, tail) != 0)
		return false;
	*end = '\0';
	return snprintf(path, PATH_MAX, "%s%s/certwright", library, programs + common) < PATH_MAX &&
	       access(path, X_OK) == 0;
}

/* Whether the caller's OPTIONS have FIELD. */
#define HAS(options, field)                                                                        \
	((options) != NULL &&                                                                      \
	 (options)->size >= offsetof(struct cw_client_options, field) + sizeof((options)->field))

static int
find_program(const struct cw_client_options *options, char *path, struct cw_failure *failure)
{
	const char *given = HAS(options, program) ? options->program : NULL;

	if (options != NULL && options->size < sizeof(options->size))
		return cw_failure_set(failure, "invalid",
				      "set it to sizeof(struct cw_client_options)",
				      "the size of the options is missing");
	if (given == NULL)
		given = secure_getenv("CERTWRIGHT_PROGRAM");
	if (given == NULL && find_beside_library(path))
		return 0;
	if (given == NULL)
		given = CW_BINDIR "/certwright";
	if (snprintf(path, PATH_MAX, "%s", given) >= PATH_MAX)
		return cw_failure_set(failure, "invalid", NULL,
				      "the path of the program is too long");
	return 0;
}

/* One end for the library; one for the program, beyond the descriptors that it gets. */
static int
make_sockets(int sockets[2])
{
	int moved;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
		return errno;
	moved = fcntl(sockets[1], F_DUPFD_CLOEXEC, CW_SERVE_FD + 1);
	if (moved < 0) {
		int saved = errno;

		close(sockets[0]);
		close(sockets[1]);
		return saved;
	}
	close(sockets[1]);
	sockets[1] = moved;
	return 0;
}

static int
set_descriptors(posix_spawn_file_actions_t *actions, int socket)
{
	int status = posix_spawn_file_actions_adddup2(actions, socket, CW_SERVE_FD);

	for (int i = STDIN_FILENO; status == 0 && i <= STDERR_FILENO; i++)
		status = posix_spawn_file_actions_addopen(actions, i, "/dev/null", O_RDWR, 0);
	return status;
}

/* Ctrl-C on the host's terminal is for the host alone. */
static int
set_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int status;

	sigemptyset(&none);
	sigfillset(&all);
	status = posix_spawnattr_setsigmask(attributes, &none);
	if (status == 0)
		status = posix_spawnattr_setsigdefault(attributes, &all);
	if (status == 0)
		status = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
								      POSIX_SPAWN_SETSIGDEF |
								      POSIX_SPAWN_SETSID);
	return status;
}

static int
start(const char *path, char *const *environment, int socket, pid_t *child)
{
	char number[16];
	char name[] = "certwright", option[] = CW_SERVE_OPTION;
	char *arguments[] = {name, option, number, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int status = posix_spawn_file_actions_init(&actions);

	if (status != 0)
		return status;
	status = posix_spawnattr_init(&attributes);
	if (status != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return status;
	}
	snprintf(number, sizeof(number), "%d", CW_SERVE_FD);
	status = set_descriptors(&actions, socket);
	if (status == 0)
		status = set_signals(&attributes);
	if (status == 0)
		status = posix_spawn(child, path, &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return status;
}

static int
fail_to_start(struct cw_failure *failure, const char *path, int code)
{
	char reason[CW_REASON_SIZE];
	const char *text = cw_failure_reason(code, reason);

	if (code == ENOENT || code == ENOTDIR || code == EACCES)
		return cw_failure_set(
			failure, code == EACCES ? "permission" : "not-found",
			"install certwright, or set CERTWRIGHT_PROGRAM to the path of the program",
			"cannot start the program %s: %s", path, text);
	return cw_failure_set(failure, code == ENOMEM ? "no-memory" : "io", NULL,
			      "cannot start the program %s: %s", path, text);
}

int
cw_program_start(const struct cw_client_options *options, char *path, int *socket, pid_t *child,
		 struct cw_failure *failure)
{
	char *const *environment = environ;
	int sockets[2];
	int status;

	if (find_program(options, path, failure) < 0)
		return -1;
	if (HAS(options, environment) && options->environment != NULL)
		environment = (char *const *)(uintptr_t)options->environment;
	status = make_sockets(sockets);
	if (status != 0)
		return fail_to_start(failure, path, status);
	status = start(path, environment, sockets[1], child);
	close(sockets[1]);
	if (status != 0) {
		close(sockets[0]);
		return fail_to_start(failure, path, status);
	}
	*socket = sockets[0];
	return 0;
}

void
cw_program_left(pid_t child, bool kill_it)
{
	int status;

	/* A host can have a handler of SIGCHLD that waits for all children: then it is gone. */
	if (kill_it && waitpid(child, &status, WNOHANG) == 0)
		kill(child, SIGKILL);
	else if (kill_it)
		return;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
}
