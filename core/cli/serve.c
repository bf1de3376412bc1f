#include "cli/serve.h"
#include <certwright/certwright.h>
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/loop.h"
#include "base/process_spawn.h"
#include "base/text.h"
#include "cli/serve_call.h"
#include "flow/work/ca_memory.h"
#include "library/channel.h"
#include "library/failure.h"
#include "library/protocol.h"

#define EXIT_USAGE 2

/* Milliseconds. */
#define SEND_LIMIT 60000
#define LOOK_INTERVAL 200 /* where the system does not tell of the end of a process */

/* What the processes of calls and this one share. */
struct shared {
	bool cut; /* a message was cut off */
	struct cw_ca_memory ca_memory;
};

struct session {
	struct cw_channel channel;
	struct cw_ca_memory *ca_memory; /* NULL: nothing is shared */
	int host;                       /* a pidfd; -1: none */
};

static int
refuse(const char *reason)
{
	fprintf(stderr, "certwright: " CW_SERVE_OPTION " is for the library (certwright(3)): %s\n",
		reason);
	return EXIT_USAGE;
}

/*
 * Who made the socket is the host. It also is our parent here, so that its number cannot have
 * become another process's. Its end is watched because a process that it forked may hold the other
 * end of the socket.
 */
static int
find_host(int socket)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return -1;
	errno = 0;
	return peer.pid == getppid() ? cw_exit_descriptor(peer.pid) : -1;
}

/* Our parent, the host, has no child that it has to wait for. */
static void
leave_parent(void)
{
	pid_t pid = fork();

	if (pid > 0)
		_exit(EXIT_SUCCESS);
	if (pid < 0)
		_exit(EXIT_FAILURE);
}

static bool
send_text(struct session *session, char kind, const char *text)
{
	return cw_channel_send(&session->channel, kind, text, strlen(text)) == 0;
}

static bool
host_is_gone(const struct session *session)
{
	struct pollfd wait = {.fd = session->host, .events = POLLIN};

	return session->host >= 0 && poll(&wait, 1, 0) > 0;
}

/* The next request; NULL: there will be none. */
static char *
next_request(struct session *session, int *kind)
{
	for (;;) {
		struct pollfd waits[] = {{.fd = session->channel.socket, .events = POLLIN},
					 {.fd = session->host, .events = POLLIN}};
		char *text;

		*kind = cw_channel_take(&session->channel, &text);
		if (*kind == CW_FRAME_REQUEST || *kind == CW_FRAME_LONE_REQUEST)
			return text;
		free(text);
		/* A reply that came too late is dropped. */
		if (*kind < 0 || (*kind != 0 && *kind != CW_FRAME_REPLY))
			return NULL;
		if (*kind == 0 &&
		    (host_is_gone(session) || (poll(waits, 2, -1) < 0 && errno != EINTR)))
			return NULL;
	}
}

/* False: the library cannot be told, and is to see that the session ends. */
static bool
fail_call(struct session *session, const struct cw_failure *failure)
{
	char *answer = cw_failure_answer(failure);
	bool sent = answer != NULL && send_text(session, CW_FRAME_FAILURE, answer);

	free(answer);
	return sent;
}

static bool
fail_for_memory(struct session *session)
{
	struct cw_failure failure;

	cw_failure_set(&failure, "no-memory",
		       "nothing is lost; repeat the request when memory is free", "out of memory");
	return fail_call(session, &failure);
}

/* The process of the call has ended without an answer. */
static bool
answer_for(struct session *session, int status)
{
	static const char hint[] = "its log says more; the next request goes on from there";
	struct cw_failure failure;

	if (WIFEXITED(status) && WEXITSTATUS(status) == CW_CALL_NOMEM)
		return fail_for_memory(session);
	if (WIFSIGNALED(status))
		cw_failure_set(&failure, "io", hint,
			       "the process of the request was ended by signal %d",
			       WTERMSIG(status));
	else
		cw_failure_set(&failure, "io", hint,
			       "the process of the request exited with status %d",
			       WEXITSTATUS(status));
	return fail_call(session, &failure);
}

/* Waits for the end of CALL. If the host goes away meanwhile, tells it once. */
static int
wait_for_call(const struct session *session, pid_t call)
{
	int ended = cw_exit_descriptor(call);
	bool told = false;
	int status = 0;

	for (;;) {
		struct pollfd waits[] = {
			{.fd = told ? -1 : session->channel.socket, .events = POLLRDHUP},
			{.fd = told ? -1 : session->host, .events = POLLIN},
			{.fd = ended, .events = POLLIN},
		};

		if (waitpid(call, &status, WNOHANG) == call)
			break;
		poll(waits, CW_COUNT(waits), ended >= 0 ? -1 : LOOK_INTERVAL);
		if (!told && (waits[0].revents != 0 || waits[1].revents != 0)) {
			kill(call, SIGTERM);
			told = true;
		}
	}
	if (ended >= 0)
		close(ended);
	return status;
}

/* A call that is cancelled at once is not to be killed. */
static void
hold_sigterm(int how)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(how, &signals, NULL);
}

/* False: the session cannot go on. Nothing can follow a message that was cut off. */
static bool
carry_out(struct session *session, char *request, bool lone)
{
	pid_t session_pid = getpid();
	pid_t call;
	int status;

	hold_sigterm(SIG_BLOCK);
	call = fork();
	if (call == 0) {
		cw_catch_signals();
		hold_sigterm(SIG_UNBLOCK);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != session_pid)
			_exit(EXIT_FAILURE);
		if (session->host >= 0)
			close(session->host);
		exit(cw_serve_call(&session->channel, session->ca_memory, request, lone));
	}
	hold_sigterm(SIG_UNBLOCK);
	if (call < 0)
		return fail_for_memory(session);
	status = wait_for_call(session, call);
	if (session->channel.cut != NULL && *session->channel.cut)
		return false;
	return (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) ||
	       answer_for(session, status);
}

static void
share_with_calls(struct session *session)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return;
	session->channel.cut = &shared->cut;
	session->ca_memory = &shared->ca_memory;
}

/* All that a host left open, but the socket. */
static int
keep_only(int socket)
{
	if (socket != CW_SERVE_FD && dup2(socket, CW_SERVE_FD) < 0)
		return -1;
	cw_close_from(CW_SERVE_FD + 1);
	return fcntl(CW_SERVE_FD, F_SETFD, FD_CLOEXEC);
}

int
cw_serve(const char *descriptor)
{
	struct session session = {.channel = {.limit = CW_REQUEST_MAX, .send_limit = SEND_LIMIT}};
	uint64_t number;
	char *request;
	int kind;

	if (descriptor == NULL || !cw_parse_uint(descriptor, 65535, &number))
		return refuse("give the number of a socket");
	session.channel.socket = CW_SERVE_FD;
	if (keep_only((int)number) < 0)
		return refuse("the descriptor is not open");
	session.host = find_host(CW_SERVE_FD);
	if (session.host < 0 && errno == ENOTSOCK)
		return refuse("the descriptor is not a socket");
	signal(SIGPIPE, SIG_IGN);
	leave_parent();
	share_with_calls(&session);
	send_text(&session, CW_FRAME_HELLO, CW_HELLO PACKAGE_VERSION);
	while ((request = next_request(&session, &kind)) != NULL) {
		bool goes_on = carry_out(&session, request, kind == CW_FRAME_LONE_REQUEST);

		explicit_bzero(request, strlen(request));
		free(request);
		if (!goes_on || host_is_gone(&session))
			break;
	}
	cw_channel_close(&session.channel);
	return EXIT_SUCCESS;
}
