#include "base/process.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/process_spawn.h"
#include "base/process_stream.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Milliseconds. */
#define KILL_DELAY 5000  /* between SIGTERM and SIGKILL */
#define GRACE 200        /* for those that hold the output of a program that has exited */
#define LONGEST_TICK 50  /* between looks at what no descriptor tells */
#define READS_AT_ONCE 4  /* so that one program's output does not keep others waiting */
#define READS_AT_EXIT 64 /* more than a pipe holds, but not what a survivor keeps writing */

enum phase {
	PHASE_RUNNING,
	PHASE_GRACE,  /* it has exited; its output is held open by others */
	PHASE_ENDING, /* its group was sent SIGTERM */
	PHASE_KILLED  /* and SIGKILL */
};

struct child {
	struct child *next;
	struct process_set *set;
	struct cw_process *process;
	pid_t pid;
	enum phase phase;
	int cause;           /* why it is ended: CW_E_TIMEOUT, CW_E_CANCELLED; CW_OK: it is not */
	int exit_descriptor; /* a pidfd; -1: the system has none, ticks look instead */
	bool exited;         /* and how, below; not necessarily reaped */
	bool reaped;
	int exit_status;
	int signal;
	struct cw_input_stream input;
	struct cw_output_stream outputs[2];
	struct cw_timer *deadline; /* of the phase */
	struct cw_timer *tick;
	int64_t tick_delay;
};

struct process_set {
	struct cw_loop *loop;
	struct cw_process *const *processes;
	size_t count;
	size_t next; /* index of the first that was not started */
	size_t jobs;
	size_t running;
	bool cancelled; /* no more are started */
	struct child *children;
};

static void advance(struct child *child);
static void start_more(struct process_set *set);
static void on_deadline(void *context);

static struct cw_loop *
loop_of(const struct child *child)
{
	return child->set->loop;
}

static void
set_deadline(struct child *child, int64_t delay)
{
	cw_loop_cancel(loop_of(child), child->deadline);
	child->deadline = cw_loop_timer(loop_of(child), delay, on_deadline, child);
}

static void
on_tick(void *context)
{
	struct child *child = context;

	child->tick = NULL;
	advance(child);
}

static void
schedule_tick(struct child *child)
{
	if (child->tick != NULL)
		return;
	child->tick = cw_loop_timer(loop_of(child), child->tick_delay, on_tick, child);
	child->tick_delay = 2 * child->tick_delay;
	if (child->tick_delay > LONGEST_TICK)
		child->tick_delay = LONGEST_TICK;
}

static bool
has_group(const struct child *child)
{
	return !child->process->inherit_terminal;
}

static void
send_signal(const struct child *child, int number)
{
	if (has_group(child))
		kill(-child->pid, number);
	else if (!child->exited)
		kill(child->pid, number);
}

static void
reap(struct child *child)
{
	while (!child->reaped && waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	child->reaped = true;
}

/* Whether anybody is left. The dead count as well, so that those that are ours are reaped: the
 * leader, which until then kept the number from being given to others, as from then on the group
 * does; and, where we are process 1 of a container, the orphans. */
static bool
group_is_alive(struct child *child)
{
	if (!has_group(child))
		return false;
	reap(child);
	while (waitpid(-child->pid, NULL, WNOHANG) > 0)
		continue;
	return kill(-child->pid, 0) == 0 || errno == EPERM;
}

static void
start_ending(struct child *child, int cause)
{
	child->phase = PHASE_ENDING;
	child->cause = cause;
	child->tick_delay = 1;
	send_signal(child, SIGTERM);
	send_signal(child, SIGCONT); /* a stopped one would not notice */
	set_deadline(child, KILL_DELAY);
	advance(child);
}

static void
on_output(void *context, int descriptor, short events)
{
	struct child *child = context;
	size_t index = descriptor == child->outputs[0].descriptor ? 0 : 1;

	(void)events;
	cw_output_stream_read(&child->outputs[index], READS_AT_ONCE);
	if (child->exited)
		advance(child);
}

static void
on_input(void *context, int descriptor, short events)
{
	struct child *child = context;

	(void)descriptor;
	(void)events;
	cw_input_stream_write(&child->input);
}

static bool
output_is_closed(const struct child *child)
{
	return child->outputs[0].descriptor < 0 && child->outputs[1].descriptor < 0;
}

/* Looks whether it has exited, leaving it to be reaped: until then its number, which is its
 * group's, is not given to another. */
static void
look_for_exit(struct child *child)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
		if (errno == EINTR)
			return;
		/* Somebody else in this process reaped it; how it ended cannot be known. */
		child->reaped = true;
	} else if (info.si_pid == 0) {
		return;
	} else if (info.si_code == CLD_EXITED) {
		child->exit_status = info.si_status;
	} else {
		child->signal = info.si_status;
	}
	child->exited = true;
	cw_close_watched(loop_of(child), &child->exit_descriptor);
	cw_close_watched(loop_of(child), &child->input.descriptor);
	if (child->phase == PHASE_RUNNING) {
		cw_loop_cancel(loop_of(child), child->deadline);
		child->deadline = NULL;
	}
}

static void
on_exit_event(void *context, int descriptor, short events)
{
	(void)descriptor;
	(void)events;
	advance(context);
}

static bool
is_finished(struct child *child)
{
	/* One that closed its output, a daemon, lives on, unless the group has to end. */
	if (child->cause == CW_OK && output_is_closed(child))
		return true;
	if (child->phase == PHASE_ENDING)
		return !group_is_alive(child);
	return child->phase == PHASE_KILLED;
}

static void
release(struct child *child)
{
	struct child **link = &child->set->children;

	while (*link != child)
		link = &(*link)->next;
	*link = child->next;
	cw_loop_cancel(loop_of(child), child->deadline);
	cw_loop_cancel(loop_of(child), child->tick);
	cw_close_watched(loop_of(child), &child->exit_descriptor);
	cw_close_watched(loop_of(child), &child->input.descriptor);
	free(child);
}

static void
finish(struct child *child)
{
	struct cw_process *process = child->process;
	struct process_set *set = child->set;

	for (size_t i = 0; i < CW_COUNT(child->outputs); i++)
		cw_output_stream_end(&child->outputs[i]);
	if (child->exited)
		reap(child);
	process->exit_status = child->exit_status;
	process->signal = child->signal;
	if (child->cause != CW_OK)
		process->status = child->cause;
	else
		process->status = child->exit_status == 0 ? CW_OK : CW_E_COMMAND;
	release(child);
	set->running--;
	start_more(set);
}

/* Takes a child as far as it can go now; it may be gone afterwards. */
static void
advance(struct child *child)
{
	if (!child->exited)
		look_for_exit(child);
	if (!child->exited) {
		if (child->exit_descriptor < 0)
			schedule_tick(child);
		return;
	}
	for (size_t i = 0; i < CW_COUNT(child->outputs); i++)
		cw_output_stream_read(&child->outputs[i], READS_AT_EXIT);
	if (is_finished(child)) {
		finish(child);
	} else if (child->phase == PHASE_RUNNING) {
		child->phase = PHASE_GRACE;
		set_deadline(child, GRACE);
	} else if (child->phase == PHASE_ENDING) {
		schedule_tick(child);
	}
}

static void
on_deadline(void *context)
{
	struct child *child = context;

	child->deadline = NULL;
	switch (child->phase) {
	case PHASE_RUNNING:
		/* It may have ended in time, unnoticed. */
		look_for_exit(child);
		if (child->exited)
			advance(child);
		else
			start_ending(child, CW_E_TIMEOUT);
		break;
	case PHASE_GRACE: start_ending(child, CW_OK); break;
	case PHASE_ENDING:
		send_signal(child, SIGKILL);
		child->phase = PHASE_KILLED;
		set_deadline(child, KILL_DELAY);
		advance(child);
		break;
	case PHASE_KILLED:
		/* Caught in the kernel, on a dead network file system for instance. */
		cw_log_warning("\"%s\" (process %ld) did not end even when killed",
			       child->process->argv[0], (long)child->pid);
		finish(child);
		break;
	}
}

static void
watch_output(struct child *child, size_t index, int descriptor, struct cw_buf *kept)
{
	child->outputs[index] = (struct cw_output_stream){
		.loop = loop_of(child),
		.process = child->process,
		.number = (int)index + 1,
		.descriptor = descriptor,
		.kept = kept,
	};
	cw_loop_watch(loop_of(child), descriptor, POLLIN, on_output, child);
}

static void
watch_input(struct child *child, int descriptor)
{
	child->input = (struct cw_input_stream){
		.loop = loop_of(child),
		.process = child->process,
		.descriptor = descriptor,
	};
	cw_loop_watch(loop_of(child), descriptor, POLLOUT, on_input, child);
}

static void
watch_exit(struct child *child)
{
	child->exit_descriptor = cw_exit_descriptor(child->pid);
	if (child->exit_descriptor >= 0)
		cw_loop_watch(loop_of(child), child->exit_descriptor, POLLIN, on_exit_event, child);
	else
		schedule_tick(child);
}

static void
start(struct process_set *set, struct cw_process *process)
{
	cw_auto_error struct cw_error error = {0};
	struct cw_spawned spawned;
	struct child *child;

	process->status = cw_spawn(process, &spawned, &error);
	if (process->status != CW_OK) {
		cw_autofree char *line = cw_error_line(&error);

		cw_buf_add_text(&process->error_output, line);
		return;
	}
	child = cw_alloc(sizeof(*child));
	child->set = set;
	child->process = process;
	child->pid = spawned.pid;
	child->exit_status = -1;
	child->tick_delay = 1;
	child->next = set->children;
	set->children = child;
	set->running++;
	watch_input(child, spawned.input);
	watch_output(child, 0, spawned.output, &process->output);
	watch_output(child, 1, spawned.error_output, &process->error_output);
	watch_exit(child);
	if (process->time_limit > 0)
		set_deadline(child, (int64_t)process->time_limit * 1000);
}

static void
start_more(struct process_set *set)
{
	while (!set->cancelled && set->running < set->jobs && set->next < set->count)
		start(set, set->processes[set->next++]);
}

static void
cancel(struct process_set *set)
{
	struct child *next;

	set->cancelled = true;
	for (struct child *child = set->children; child != NULL; child = next) {
		next = child->next;
		if (child->phase == PHASE_RUNNING)
			start_ending(child, CW_E_CANCELLED);
		else if (child->phase == PHASE_GRACE)
			start_ending(child, CW_OK);
	}
}

/* The loop does not work any more: nothing is left behind all the same. */
static void
abandon(struct process_set *set, int status)
{
	struct child *next;

	set->cancelled = true;
	for (struct child *child = set->children; child != NULL; child = next) {
		next = child->next;
		send_signal(child, SIGKILL);
		child->cause = status;
		child->exited = true;
		finish(child);
	}
}

static int
run_set(struct process_set *set, struct cw_error *error)
{
	int status = CW_OK;

	start_more(set);
	while (set->running > 0) {
		cw_auto_error struct cw_error failure = {0};
		int turned = cw_loop_turn(set->loop, -1, &failure);

		if (turned == CW_OK)
			continue;
		if (turned == CW_E_CANCELLED && set->running == 0)
			break; /* all of them had ended */
		status = cw_error_move(error, &failure);
		if (turned != CW_E_CANCELLED) {
			abandon(set, turned);
			break;
		}
		cw_shield_signals(+1);
		cancel(set);
		status = run_set(set, NULL) == CW_OK ? turned : CW_E_IO;
		cw_shield_signals(-1);
	}
	return status;
}

/* While SIGCHLD is ignored, which a parent can hand down to us, the kernel throws exit statuses
 * away. Returns whether PRESENT must be put back. */
static bool
keep_exit_statuses(struct sigaction *present)
{
	struct sigaction action;

	if (sigaction(SIGCHLD, NULL, present) != 0 ||
	    (present->sa_handler != SIG_IGN && (present->sa_flags & SA_NOCLDWAIT) == 0))
		return false;
	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_DFL;
	sigemptyset(&action.sa_mask);
	return sigaction(SIGCHLD, &action, NULL) == 0;
}

int
cw_process_run(struct cw_loop *loop, struct cw_process *const *processes, size_t count, size_t jobs,
	       struct cw_error *error)
{
	struct process_set set = {
		.loop = loop,
		.processes = processes,
		.count = count,
		.jobs = jobs > 0 ? jobs : 1,
	};
	struct sigaction present;
	bool restore;
	int status;

	for (size_t i = 0; i < count; i++) {
		processes[i]->status = CW_E_CANCELLED; /* of those that are not started */
		processes[i]->exit_status = -1;
		processes[i]->signal = 0;
		cw_process_clear(processes[i]);
	}
	if (cw_interrupted() != 0)
		return cw_fail(error, CW_E_CANCELLED, "interrupted by a signal");
	restore = keep_exit_statuses(&present);
	status = run_set(&set, error);
	if (restore)
		sigaction(SIGCHLD, &present, NULL);
	return status;
}

int
cw_process_run_one(struct cw_process *process, struct cw_error *error)
{
	cw_auto_error struct cw_error failure = {0};
	struct cw_loop *loop = cw_loop_new();
	int status = cw_process_run(loop, &process, 1, 1, &failure);

	cw_loop_free(loop);
	if (status != CW_OK && status != CW_E_CANCELLED)
		return cw_error_move(error, &failure);
	return cw_process_error(process, error);
}
