#include "flow/agent/child.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process_spawn.h"

enum { RESULT_MAX = 256 * 1024 * 1024, READ_SIZE = 64 * 1024, GRACE = 8 };
/* Of those that are short, when the agent ends. */
enum { SHORT_WAIT = 3, SHORT_GRACE = 4 };

struct cw_child {
	struct cw_children *children;
	struct cw_child *next;
	struct cw_child_work work;
	pid_t pid; /* 0: it has ended */
	int status;
	int pipe; /* -1: all was read */
	struct cw_buf text;
	int64_t limit; /* when it is told to end, then killed */
	bool told;
};

static sigset_t original_mask;

int
cw_children_block(int *descriptor, struct cw_error *error)
{
	static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1};
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < CW_COUNT(numbers); i++)
		sigaddset(&mask, numbers[i]);
	*descriptor = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*descriptor < 0 || sigprocmask(SIG_BLOCK, &mask, &original_mask) != 0)
		return cw_fail_errno(error, errno, "cannot wait for signals");
	return CW_OK;
}

static const char *const agents_own[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
					 "LISTEN_FDS",    "LISTEN_PID",    "LISTEN_FDNAMES"};

/* Only the standard descriptors, the given sockets and the pipe stay. */
static int
keep_descriptors(const struct cw_children *children, int pipe)
{
	int place = STDERR_FILENO + 1 + children->kept;

	if (pipe != place && dup3(pipe, place, O_CLOEXEC) < 0)
		return -1;
	cw_close_from(place + 1);
	return place;
}

static _Noreturn void
be_child(const struct cw_children *children, const struct cw_child_work *work, int pipe,
	 pid_t agent)
{
	struct json_object *result = cw_json_new_object();
	struct json_object *answer = cw_json_new_object();
	cw_auto_error struct cw_error error = {0};
	const char *text;
	int place;
	bool sent;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != agent)
		_exit(EXIT_FAILURE);
	place = keep_descriptors(children, pipe);
	for (size_t i = 0; i < CW_COUNT(agents_own); i++)
		unsetenv(agents_own[i]);
	sigprocmask(SIG_SETMASK, &original_mask, NULL);
	if (work->run(work->context, result, &error) < 0)
		cw_json_set(answer, "error", cw_json_error(&error));
	cw_json_set(answer, "result", result);
	text = cw_json_text(answer);
	sent = place >= 0 && cw_write_all(place, text, strlen(text)) == 0;
	json_object_put(answer);
	exit(sent ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void
fail_end(const struct cw_child *child, struct cw_error *error)
{
	if (child->told)
		cw_fail(error, CW_E_TIMEOUT, "%s did not end within its time limit",
			child->work.what);
	else if (WIFSIGNALED(child->status))
		cw_fail(error, CW_E_IO, "%s was ended by signal %d", child->work.what,
			WTERMSIG(child->status));
	else
		cw_fail(error, CW_E_IO, "%s exited with status %d", child->work.what,
			WEXITSTATUS(child->status));
}

static void
finish(struct cw_child *child)
{
	cw_auto_json struct json_object *answer = NULL;
	cw_auto_error struct cw_error error = {0};
	struct cw_child **place = &child->children->first;

	if (child->pid != 0 || child->pipe >= 0)
		return;
	while (*place != child)
		place = &(*place)->next;
	*place = child->next;
	if (cw_json_parse(cw_buf_text(&child->text), child->text.length, "the result", &answer,
			  NULL) < 0 ||
	    answer == NULL)
		fail_end(child, &error);
	else if (cw_json_object(answer, "error") != NULL)
		cw_json_to_error(cw_json_object(answer, "error"), &error);
	cw_buf_wipe(&child->text);
	child->work.done(child->work.context, cw_json_object(answer, "result"), &error);
	free(child);
}

static void
on_output(void *context, int descriptor, short events)
{
	struct cw_child *child = context;
	ssize_t length = read(descriptor, cw_buf_reserve(&child->text, READ_SIZE), READ_SIZE);

	(void)events;
	if (length > 0 && child->text.length < RESULT_MAX) {
		cw_buf_grown(&child->text, (size_t)length);
		return;
	}
	if (length < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	cw_loop_watch(child->children->loop, descriptor, 0, NULL, NULL);
	close(descriptor);
	child->pipe = -1;
	finish(child);
}

int
cw_children_start(struct cw_children *children, const struct cw_child_work *work,
		  struct cw_error *error)
{
	pid_t agent = getpid();
	struct cw_child *child;
	int pipe[2];
	pid_t pid;

	if (pipe2(pipe, O_CLOEXEC) != 0)
		return cw_fail_errno(error, errno, "cannot begin %s", work->what);
	pid = fork();
	if (pid == 0)
		be_child(children, work, pipe[1], agent);
	close(pipe[1]);
	if (pid < 0) {
		close(pipe[0]);
		return cw_fail_errno(error, errno, "cannot begin %s", work->what);
	}
	fcntl(pipe[0], F_SETFL, O_NONBLOCK);
	child = cw_alloc(sizeof(*child));
	child->children = children;
	child->work = *work;
	child->pid = pid;
	child->pipe = pipe[0];
	child->limit = cw_time() + work->limit;
	child->next = children->first;
	children->first = child;
	cw_loop_watch(children->loop, child->pipe, POLLIN, on_output, child);
	return CW_OK;
}

bool
cw_children_busy(const struct cw_children *children)
{
	return children->first != NULL;
}

/* As process 1, what nobody else waits for is ours to take note of. One that somebody here waits
 * for is left, and with it, until then, what ended after it. */
static void
reap_orphans(pid_t spared)
{
	siginfo_t info = {0};

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid > 0 &&
	       info.si_pid != spared) {
		waitpid(info.si_pid, NULL, 0);
		info.si_pid = 0;
	}
}

void
cw_children_reap(struct cw_children *children, pid_t spared)
{
	for (struct cw_child *child = children->first; child != NULL;) {
		struct cw_child *next = child->next;

		if (child->pid != 0 && waitpid(child->pid, &child->status, WNOHANG) == child->pid) {
			child->pid = 0;
			finish(child);
		}
		child = next;
	}
	if (getpid() == 1)
		reap_orphans(spared);
}

static void
tell(struct cw_child *child, int64_t now)
{
	if (child->told || child->pid == 0)
		return;
	child->told = true;
	child->limit = now + (child->work.is_short ? SHORT_GRACE : GRACE);
	kill(child->pid, SIGTERM);
}

void
cw_children_stop(struct cw_children *children)
{
	int64_t now = cw_time();

	for (struct cw_child *child = children->first; child != NULL; child = child->next) {
		if (!child->work.is_short)
			tell(child, now);
		else if (child->limit > now + SHORT_WAIT)
			child->limit = now + SHORT_WAIT;
	}
}

int64_t
cw_children_limit(struct cw_children *children, int64_t now)
{
	int64_t next = INT64_MAX;

	for (struct cw_child *child = children->first; child != NULL; child = child->next) {
		if (child->pid == 0)
			continue;
		if (now >= child->limit && !child->told) {
			cw_log_warning("%s takes too long and is ended", child->work.what);
			tell(child, now);
		} else if (now >= child->limit) {
			kill(child->pid, SIGKILL);
			child->limit = now + GRACE;
		}
		if (child->limit < next)
			next = child->limit;
	}
	return next;
}

void
cw_children_shift(struct cw_children *children, int64_t jump)
{
	for (struct cw_child *child = children->first; child != NULL; child = child->next)
		child->limit += jump;
}

void
cw_children_kill(struct cw_children *children)
{
	while (children->first != NULL) {
		struct cw_child *child = children->first;

		children->first = child->next;
		if (child->pid != 0 && kill(child->pid, SIGKILL) == 0)
			waitpid(child->pid, NULL, 0);
		if (child->pipe >= 0)
			close(child->pipe);
		cw_buf_wipe(&child->text);
		free(child);
	}
}
