#include "reload.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include "../common/proc.h"
#include "../common/waiting.h"
#include "port.h"
#include "process.h"

enum {
	TIME_LIMIT = 120 * 1000, /* milliseconds */
	AGAIN_LIMIT = 1000       /* after which an idle parent is told again */
};

struct wait {
	struct program *program;
	const char *pid_path;
	pid_t parent;
	struct pids before;       /* children with the old configuration */
	struct sockets listening; /* of the parent, before */
	struct stat written;      /* the pid file before */
	long long told;           /* when the parent was told to reload */
	long long deadline;
};

static void
wait_clear(struct wait *wait)
{
	pids_clear(&wait->before);
	sockets_clear(&wait->listening);
}

static bool
is_rewritten(const struct wait *wait)
{
	struct stat now;

	return stat(wait->pid_path, &now) == 0 &&
	       (now.st_ino != wait->written.st_ino ||
		now.st_mtim.tv_sec != wait->written.st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != wait->written.st_mtim.tv_nsec);
}

/* Remembers the present children as old, unless the pid file is written: then some are new, and
 * the result is true. */
static bool
note_children(struct wait *wait)
{
	struct pids now;
	bool rewritten;

	proc_children(wait->parent, &now);
	rewritten = is_rewritten(wait);
	for (size_t i = 0; i < now.count && !rewritten; i++)
		pids_add(&wait->before, now.items[i]);
	pids_clear(&now);
	return rewritten;
}

/* Whether there is a new child and no old one accepts connections. */
static bool
children_are_new(const struct wait *wait)
{
	struct pids now;
	bool has_new = false, has_old = false;

	proc_children(wait->parent, &now);
	for (size_t i = 0; i < now.count && !has_old; i++) {
		if (!pids_have(&wait->before, now.items[i]))
			has_new = true;
		else
			has_old = proc_has_socket(now.items[i], &wait->listening);
	}
	pids_clear(&now);
	return has_new && !has_old;
}

static int
tell_parent(struct wait *wait)
{
	wait->told = milliseconds_now();
	/* That the process is gone is seen when it is waited for. */
	if (kill(wait->parent, SIGUSR1) == 0 || errno == ESRCH)
		return CW_OK;
	return cannot_signal(wait->program->host, "Apache", wait->parent);
}

/* Apache loses a signal that comes when it has just started or reloaded. */
static bool
has_lost_signal(const struct wait *wait)
{
	return milliseconds_now() - wait->told > AGAIN_LIMIT && process_is_idle(wait->parent);
}

/* Sets *ENDED if Apache ends meanwhile. */
static int
wait_until_live(struct wait *wait, bool *ended)
{
	unsigned naptime = 0;
	bool rewritten = false;
	int status = tell_parent(wait);

	while (status == CW_OK) {
		*ended = !proc_runs(wait->parent);
		if (*ended)
			return CW_OK;
		rewritten = rewritten || note_children(wait);
		if (rewritten && children_are_new(wait))
			return CW_OK;
		if (milliseconds_now() > wait->deadline)
			return cw_host_fail(wait->program->host, CW_E_TIMEOUT,
					    "see Apache's error log",
					    "Apache did not load the new configuration in time");
		if (!rewritten && has_lost_signal(wait))
			status = tell_parent(wait);
		nap(wait->program->host, &naptime);
	}
	return status;
}

/* Apache does not start as long as its former process, of the pid file, is a zombie. */
static void
wait_for_burial(const struct wait *wait)
{
	pid_t pid = proc_pid_file(wait->pid_path);
	unsigned naptime = 0;

	while (pid != 0 && kill(pid, 0) == 0 && !proc_runs(pid) &&
	       milliseconds_now() < wait->deadline)
		nap(wait->program->host, &naptime);
}

static int
start(struct wait *wait)
{
	unsigned naptime = 0;
	int status;

	wait_for_burial(wait);
	status = program_start(wait->program);
	while (status == CW_OK) {
		struct pids children = {0};
		bool runs;

		wait->parent = process_parent(wait->pid_path);
		if (wait->parent != 0)
			proc_children(wait->parent, &children);
		runs = children.count > 0;
		pids_clear(&children);
		if (runs)
			break;
		if (milliseconds_now() > wait->deadline)
			return no_pid_file(wait->program->host, "Apache", wait->pid_path);
		nap(wait->program->host, &naptime);
	}
	return status;
}

/* Notes what there is before the reload. */
static void
look_before(struct wait *wait)
{
	proc_listening(wait->parent, &wait->listening);
	if (stat(wait->pid_path, &wait->written) != 0)
		memset(&wait->written, 0, sizeof(wait->written));
	note_children(wait);
}

/* Children whose parent is gone have its ports for ever, and end for no other signal. */
static void
end_orphans(const struct wait *wait)
{
	unsigned naptime = 0;
	bool any = true;

	while (any && milliseconds_now() < wait->deadline) {
		any = false;
		for (size_t i = 0; i < wait->before.count; i++)
			if (proc_has_socket(wait->before.items[i], &wait->listening)) {
				kill(wait->before.items[i], SIGKILL);
				any = true;
			}
		if (any)
			nap(wait->program->host, &naptime);
	}
}

static int
check_ports(const struct wait *wait, const struct model *model)
{
	for (size_t i = 0; i < model->listen_count && wait->listening.count > 0; i++) {
		unsigned port = model->listens[i].address.port;

		if (!process_listens_on(&wait->listening, port) && !port_is_free(port))
			return cw_host_fail(
				wait->program->host, CW_E_BUSY,
				"stop that program, or remove that Listen directive",
				"Apache would end if it were reloaded: it has to listen on "
				"port %u, which another program has",
				port);
	}
	return CW_OK;
}

int
reload_apache(struct program *program, const struct model *model)
{
	struct wait wait = {.program = program, .deadline = milliseconds_now() + TIME_LIMIT};
	bool ended = false;
	int status;

	wait.pid_path = program->facts.pid_path;
	wait.parent = process_parent(wait.pid_path);
	if (wait.parent == 0) {
		cw_host_log(program->host, CW_LOG_INFO, "Apache is not running; starting it");
		return start(&wait);
	}
	look_before(&wait);
	status = model != NULL ? check_ports(&wait, model) : CW_OK;
	if (status == CW_OK)
		status = wait_until_live(&wait, &ended);
	if (status == CW_OK && ended) {
		/* It does so if a port is taken, or by a fault of a module that is reloaded. */
		cw_host_log(program->host, CW_LOG_WARNING,
			    "Apache ended while it loaded its configuration; starting it again");
		end_orphans(&wait);
		status = start(&wait);
	}
	wait_clear(&wait);
	return status;
}
