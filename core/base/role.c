#include "base/role.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/peer.h"
#include "base/process_spawn.h"
#include "base/process_stat.h"
#include "base/process_stream.h"

/* Milliseconds. */
#define LEFTOVER_DELAY 1000 /* between SIGTERM and SIGKILL to what a process leaves behind */
#define TICK 20             /* between looks at what no descriptor tells */

enum {
	READS_AT_ONCE = 4, /* so that one process' output does not keep others waiting */
	READS_AT_END = 64, /* more than a pipe holds */
	LINES_A_SECOND = 100,
	LINE_BYTES = 1000
};

struct cw_role_process {
	struct cw_loop *loop;
	char *what;
	void (*ended)(void *context);
	void *context;
	pid_t pid;
	int socket;          /* ours; -1: taken */
	int exit_descriptor; /* a pidfd; -1: the system has none, ticks look instead */
	bool exited;
	bool reaped;
	bool known; /* how it ended, below */
	int exit_status;
	int signal; /* 0: exited */
	bool has_ended;
	bool whole_session; /* it did not end because its work was over: all that it runs ends too
			     */

	struct cw_timer *deadline; /* SIGKILL */
	int64_t kill_at;
	struct cw_timer *tick;

	struct cw_process process; /* whom the stream belongs to */
	struct cw_output_stream output;
	int64_t second; /* the present one, and what was printed in it */
	unsigned lines;
	unsigned long left_out;
};

static void advance(struct cw_role_process *process);

static void
tell_left_out(struct cw_role_process *process)
{
	if (process->left_out > 0)
		cw_log_debug("%s printed %lu more lines, which are not shown here", process->what,
			     process->left_out);
	process->left_out = 0;
}

/* The log is nobody's to fill. */
static void
printed(void *context, int stream, const char *line)
{
	struct cw_role_process *process = context;
	int64_t second = cw_now_ms() / 1000;
	size_t length = strlen(line);

	(void)stream;
	if (second != process->second) {
		tell_left_out(process);
		process->second = second;
		process->lines = 0;
	}
	if (++process->lines > LINES_A_SECOND)
		process->left_out++;
	else if (length > LINE_BYTES)
		cw_log_debug("%s printed: %.*s ... (%zu bytes in total)", process->what, LINE_BYTES,
			     line, length);
	else
		cw_log_debug("%s printed: %s", process->what, line);
}

static void
on_output(void *context, int descriptor, short events)
{
	struct cw_role_process *process = context;

	(void)descriptor;
	(void)events;
	cw_output_stream_read(&process->output, READS_AT_ONCE);
}

static void
on_tick(void *context)
{
	struct cw_role_process *process = context;

	process->tick = NULL;
	advance(process);
}

static void
schedule_tick(struct cw_role_process *process)
{
	if (process->tick == NULL)
		process->tick = cw_loop_timer(process->loop, TICK, on_tick, process);
}

static void
on_exit_event(void *context, int descriptor, short events)
{
	(void)descriptor;
	(void)events;
	advance(context);
}

static void
send_signal(const struct cw_role_process *process, int number)
{
	kill(-process->pid, number);
	if (process->whole_session)
		cw_session_signal(process->pid, number);
}

static void
on_deadline(void *context)
{
	struct cw_role_process *process = context;

	process->deadline = NULL;
	process->kill_at = 0;
	send_signal(process, SIGKILL);
	advance(process);
}

static void
end_group(struct cw_role_process *process, int64_t delay)
{
	int64_t kill_at = cw_now_ms() + delay;

	if (process->kill_at <= kill_at)
		return;
	process->kill_at = kill_at;
	cw_loop_cancel(process->loop, process->deadline);
	process->deadline = cw_loop_timer(process->loop, delay, on_deadline, process);
	send_signal(process, delay > 0 ? SIGTERM : SIGKILL);
	send_signal(process, SIGCONT); /* a stopped one would not notice */
}

void
cw_role_stop(struct cw_role_process *process, int64_t delay)
{
	if (process->has_ended)
		return;
	process->whole_session = true;
	end_group(process, delay > 0 ? delay : 0);
}

/* Waits, with OPTIONS of waitid(2), for its exit; until it is reaped its number, which is its
 * group's, is given to nobody else. */
static void
look_for_exit(struct cw_role_process *process, int options)
{
	siginfo_t info;
	int result;

	do {
		memset(&info, 0, sizeof(info));
		result = waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOWAIT | options);
	} while (result != 0 && errno == EINTR);
	if (result != 0) {
		/* Somebody else in this process reaped it. */
		process->reaped = true;
		process->exited = true;
		return;
	}
	if (info.si_pid == 0)
		return;
	process->exited = true;
	process->known = true;
	if (info.si_code == CLD_EXITED)
		process->exit_status = info.si_status;
	else
		process->signal = info.si_status;
}

static void
reap(struct cw_role_process *process)
{
	while (!process->reaped && waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	process->reaped = true;
}

/* The leader is dead. Orphans count until they are reaped, which is our job where we are process 1
 * of a container. */
static bool
group_is_alive(struct cw_role_process *process)
{
	reap(process);
	while (waitpid(-process->pid, NULL, WNOHANG) > 0)
		continue;
	return kill(-process->pid, 0) == 0 || errno == EPERM ||
	       (process->whole_session && cw_session_signal(process->pid, 0) > 0);
}

static void
release(struct cw_role_process *process)
{
	cw_loop_cancel(process->loop, cw_take(&process->deadline));
	cw_loop_cancel(process->loop, cw_take(&process->tick));
	cw_close_watched(process->loop, &process->exit_descriptor);
	cw_output_stream_read(&process->output, READS_AT_END);
	cw_output_stream_end(&process->output);
	tell_left_out(process);
	process->has_ended = true;
}

/* Takes it as far as it can go now; it may be freed afterwards. */
static void
advance(struct cw_role_process *process)
{
	if (!process->exited)
		look_for_exit(process, WNOHANG);
	if (!process->exited) {
		if (process->exit_descriptor < 0)
			schedule_tick(process);
		return;
	}
	cw_close_watched(process->loop, &process->exit_descriptor);
	process->whole_session = true;
	if (group_is_alive(process)) {
		end_group(process, LEFTOVER_DELAY);
		/* After SIGKILL the rest is the kernel's. */
		if (process->kill_at != 0) {
			schedule_tick(process);
			return;
		}
	}
	release(process);
	process->ended(process->context);
}

static void
watch(struct cw_role_process *process)
{
	if (process->output.descriptor >= 0)
		cw_loop_watch(process->loop, process->output.descriptor, POLLIN, on_output,
			      process);
	if (process->exit_descriptor >= 0)
		cw_loop_watch(process->loop, process->exit_descriptor, POLLIN, on_exit_event,
			      process);
	else
		schedule_tick(process);
}

static void
begin(struct cw_role_process *process, const struct cw_spawned *spawned)
{
	process->pid = spawned->pid;
	process->process.line = printed;
	process->process.line_context = process;
	process->output = (struct cw_output_stream){
		.loop = process->loop,
		.process = &process->process,
		.number = STDOUT_FILENO,
		.descriptor = spawned->output,
	};
	process->exit_descriptor = cw_exit_descriptor(process->pid);
	watch(process);
}

void
cw_role_move(struct cw_role_process *process, struct cw_loop *loop)
{
	struct cw_loop *old = process->loop;
	int64_t left = process->kill_at - cw_now_ms();

	process->loop = loop;
	process->output.loop = loop;
	if (process->has_ended)
		return;
	if (process->output.descriptor >= 0)
		cw_loop_watch(old, process->output.descriptor, 0, NULL, NULL);
	if (process->exit_descriptor >= 0)
		cw_loop_watch(old, process->exit_descriptor, 0, NULL, NULL);
	cw_loop_cancel(old, cw_take(&process->tick));
	if (process->deadline != NULL) {
		cw_loop_cancel(old, process->deadline);
		process->deadline = cw_loop_timer(loop, left > 0 ? left : 0, on_deadline, process);
	}
	watch(process);
}

int
cw_role_start(struct cw_loop *loop, const struct cw_role_start *start,
	      struct cw_role_process **process, struct cw_error *error)
{
	const char *const arguments[] = {"certwright", "--process", start->role, NULL};
	cw_autofree char *path = cw_own_program();
	struct cw_spawned spawned;
	int ends[2];
	int status;

	*process = NULL;
	status = cw_peer_pair(ends, error);
	if (status == CW_OK) {
		status = cw_spawn_role(path, arguments, ends[1], &spawned, error);
		close(ends[1]);
		if (status != CW_OK)
			close(ends[0]);
	}
	if (status != CW_OK)
		return cw_context(error, "cannot start %s", start->what);
	*process = cw_alloc(sizeof(**process));
	(*process)->loop = loop;
	(*process)->what = cw_strdup(start->what);
	(*process)->ended = start->ended;
	(*process)->context = start->context;
	(*process)->socket = ends[0];
	(*process)->kill_at = INT64_MAX;
	begin(*process, &spawned);
	return CW_OK;
}

int
cw_role_take_socket(struct cw_role_process *process)
{
	int socket = process->socket;

	process->socket = -1;
	return socket;
}

pid_t
cw_role_pid(const struct cw_role_process *process)
{
	return process->pid;
}

bool
cw_role_has_ended(const struct cw_role_process *process)
{
	return process->has_ended;
}

int
cw_role_fate(const struct cw_role_process *process, struct cw_error *error)
{
	if (!process->known)
		return cw_fail(error, CW_E_IO, "%s ended", process->what);
	if (process->signal != 0)
		return cw_fail(error, CW_E_IO, "%s was ended by signal %d (%s)", process->what,
			       process->signal, strsignal(process->signal));
	return cw_fail(error, CW_E_IO, "%s exited with status %d", process->what,
		       process->exit_status);
}

void
cw_role_free(struct cw_role_process *process)
{
	if (process == NULL)
		return;
	if (process->socket >= 0)
		close(process->socket);
	if (!process->has_ended) {
		send_signal(process, SIGKILL);
		if (!process->exited)
			look_for_exit(process, 0);
		reap(process);
		release(process);
	}
	free(process->what);
	free(process);
}
