/* The side of role.h that the started process sees, and how its program is found. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/message.h"
#include "base/peer.h"
#include "base/role.h"
#include "base/sandbox.h"

enum { SOCKET = 3, STATUS_USAGE = 2 };

#define THIS_PROGRAM "/proc/self/exe"

static const char *program;

void
cw_set_program(const char *argv0)
{
	program = argv0;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* argv[0] as the shell looked it up. */
static char *
search(const char *name)
{
	cw_auto_strv struct cw_strv folders = {0};
	const char *path = getenv("PATH");

	if (strchr(name, '/') != NULL || path == NULL)
		return cw_strdup(name);
	cw_strv_split(&folders, path, ':');
	for (size_t i = 0; i < folders.count; i++) {
		cw_autofree char *file = cw_format("%s/%s", folders.items[i], name);

		if (access(file, X_OK) == 0)
			return cw_take(&file);
	}
	return cw_strdup(name);
}

char *
cw_own_program(void)
{
	cw_autofree char *path = NULL;

	if (program == NULL)
		return cw_strdup(CW_PROGRAM);
	/* The name, where it is still that of the file, also holds under valgrind. */
	if (cw_file_readlink(THIS_PROGRAM, &path, NULL) != CW_OK)
		return search(program);
	if (ends_with(path, " (deleted)"))
		return cw_strdup(THIS_PROGRAM);
	return cw_take(&path);
}

static bool
is_our_socket(int descriptor)
{
	struct sockaddr_un address;
	socklen_t length = sizeof(address);

	return getsockname(descriptor, (struct sockaddr *)&address, &length) == 0 &&
	       address.sun_family == AF_UNIX;
}

bool
cw_role_dispatch(int argc, char **argv, const struct cw_role *roles, int *status)
{
	if (argc < 2 || strcmp(argv[1], "--process") != 0)
		return false;
	*status = STATUS_USAGE;
	if (argc == 3 && is_our_socket(SOCKET)) {
		for (const struct cw_role *role = roles; role->name != NULL; role++) {
			if (strcmp(argv[2], role->name) != 0)
				continue;
			cw_keep_memory_private();
			signal(SIGPIPE, SIG_IGN);
			fcntl(SOCKET, F_SETFD, FD_CLOEXEC);
			*status = role->main(SOCKET);
			return true;
		}
	}
	fputs("certwright: \"--process\" is not for the command line: certwright uses it to start "
	      "its own processes\n",
	      stderr);
	return true;
}

struct log_sender {
	struct cw_peer *peer;
	unsigned type;
};

static void
send_log(void *context, enum cw_log_level level, const char *line)
{
	const struct log_sender *sender = context;
	struct cw_message *notice = cw_message_new(sender->type);

	cw_message_put_int(notice, level);
	cw_message_put_text(notice, line);
	cw_peer_tell(sender->peer, notice);
}

void
cw_role_serve(struct cw_loop *loop, struct cw_peer *peer, unsigned log_type, const bool *over)
{
	struct log_sender sender = {.peer = peer, .type = log_type};

	cw_log_set_terminal(send_log, &sender, CW_LOG_DEBUG);
	cw_shield_signals(+1);
	while (!*over)
		cw_loop_turn(loop, -1, NULL);
	cw_peer_flush(peer);
	cw_log_set_terminal(NULL, NULL, CW_LOG_ERROR);
}
