/*
 * On SIGHUP the master loads the configuration, starts workers, and 100 ms later tells the old ones
 * to end. Those close their listening sockets and have "is shutting down" in their titles. If the
 * master cannot load the configuration, it writes a line of the level emerg to the log and goes on
 * with the old one. If we cannot read the log, a master that is idle without new workers has
 * failed.
 */
#include "reload.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../common/proc.h"
#include "../common/waiting.h"
#include "process.h"

enum {
	TIME_LIMIT = 120000, /* milliseconds, in addition to ten times the duration of the test */
	IDLE_LIMIT = 20000,
	LOG_PART = 64 * 1024
};

struct wait {
	struct program *program;
	pid_t master;
	char *pid_path;
	struct workers before;
	int log; /* nginx's error log, at its end; -1: not readable */
	struct text logged;
	long long deadline;
	long long busy_at; /* when the master was last seen working */
	unsigned long long ticks;
};

static void
wait_clear(struct wait *wait)
{
	free(wait->pid_path);
	workers_clear(&wait->before);
	text_clear(&wait->logged);
	if (wait->log >= 0)
		close(wait->log);
}

static char *
find_pid_path(const struct program *program, const struct model *model)
{
	const char *path = model->pid_path != NULL ? model->pid_path : program->pid_path;

	return program_path(program, path != NULL ? path : "/run/nginx.pid");
}

/* Opens the log at its end. */
static int
open_log(const struct program *program, const struct model *model)
{
	const char *name = model->error_log != NULL ? model->error_log : program->error_log;
	autofree char *path = NULL;
	struct stat status;
	int log;

	if (name == NULL || strcmp(name, "stderr") == 0 || strncmp(name, "syslog:", 7) == 0 ||
	    strncmp(name, "memory:", 7) == 0)
		return -1;
	path = program_path(program, name);
	log = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (log < 0)
		return -1;
	if (fstat(log, &status) != 0 || !S_ISREG(status.st_mode) || lseek(log, 0, SEEK_END) < 0) {
		close(log);
		return -1;
	}
	return log;
}

static void
read_log(struct wait *wait)
{
	autofree char *part = wait->log >= 0 ? memory_resize(NULL, LOG_PART, 1) : NULL;
	ssize_t got = wait->log >= 0 ? read(wait->log, part, LOG_PART) : 0;

	if (got <= 0)
		return;
	/* Only its end matters. */
	if (wait->logged.length > 4 * LOG_PART)
		text_clear(&wait->logged);
	text_add(&wait->logged, part, (size_t)got);
}

/* The master's reason for not loading the configuration, or NULL. It retries bind() for a while
 * before it gives up. Release with free(). */
static char *
refusal(const struct wait *wait)
{
	autofree char *tag = memory_format("[emerg] %ld#", (long)wait->master);
	const char *found = NULL;
	bool gave_up = false;

	if (wait->logged.data == NULL)
		return NULL;
	for (const char *line = strstr(wait->logged.data, tag); line != NULL;
	     line = strstr(line + 1, tag)) {
		const char *words = strstr(line, ": ");
		size_t length = strcspn(line, "\n");

		if (words == NULL || words > line + length || line[length] == '\0')
			break;
		if (strncmp(words, ": still could not bind", 22) == 0) {
			gave_up = true;
			continue;
		}
		found = words + 2;
		gave_up |= strncmp(found, "bind()", 6) != 0;
	}
	return found != NULL && gave_up ? memory_copy(found, strcspn(found, "\n")) : NULL;
}

/* Whether new workers run and the old ones accept no more connections. */
static bool
is_live(const struct wait *wait)
{
	struct workers now;
	bool has_new = false, has_old = false;

	process_workers(wait->master, &now);
	for (size_t i = 0; i < now.count; i++) {
		if (now.items[i].ending)
			continue;
		if (workers_have(&wait->before, now.items[i].pid))
			has_old = true;
		else
			has_new = true;
	}
	workers_clear(&now);
	return has_new && !has_old;
}

/* The master of the pid file, or else the one found among the processes: the file may be missing
 * or outdated. */
static pid_t
find_master(const struct program *program, const char *pid_path)
{
	pid_t master = process_master(pid_path);

	if (master != 0)
		return master;
	return process_find(program->configuration,
			    program->conf_path != NULL ? program->conf_path : "conf/nginx.conf",
			    program->prefix != NULL ? program->prefix : "/usr/local/nginx");
}

static int
say_refused(const struct wait *wait, const char *why)
{
	return cw_host_fail(wait->program->host, CW_E_COMMAND, "nginx keeps its old configuration",
			    "nginx did not load the new configuration: %s", why);
}

static int
wait_until_live(struct wait *wait)
{
	unsigned naptime = 0;

	for (;;) {
		autofree char *why = NULL;
		unsigned long long ticks;
		long long now = milliseconds_now();

		if (is_live(wait))
			return CW_OK;
		read_log(wait);
		why = refusal(wait);
		if (why != NULL)
			return say_refused(wait, why);
		if (kill(wait->master, 0) != 0 && errno == ESRCH)
			return cw_host_fail(wait->program->host, CW_E_COMMAND,
					    "see nginx's error log",
					    "nginx exited while it loaded its configuration");
		ticks = proc_ticks(wait->master);
		if (ticks != wait->ticks)
			wait->busy_at = now;
		wait->ticks = ticks;
		if (now > wait->deadline || now - wait->busy_at > IDLE_LIMIT)
			return say_refused(wait,
					   "it started no new worker processes; see its error log");
		nap(wait->program->host, &naptime);
	}
}

/* A reload that began before the files were written must end first: its workers look like ours
 * but have the old configuration. */
static void
wait_until_idle(struct wait *wait)
{
	unsigned naptime = 0;

	while (!process_is_idle(wait->master) && milliseconds_now() < wait->deadline)
		nap(wait->program->host, &naptime);
}

static int
send_hangup(struct wait *wait)
{
	if (kill(wait->master, SIGHUP) == 0)
		return CW_OK;
	return cannot_signal(wait->program->host, "nginx", wait->master);
}

static int
start(struct wait *wait, const struct model *model)
{
	unsigned naptime = 0;
	int status;

	if (model->daemon_off)
		return cw_host_fail(wait->program->host, CW_E_UNSUPPORTED,
				    "start nginx in its usual way, then try again",
				    "nginx is not running, and with \"daemon off\" another program "
				    "must start it");
	cw_host_log(wait->program->host, CW_LOG_INFO, "nginx is not running; starting it");
	status = program_start(wait->program);
	if (status != CW_OK)
		return status;
	while ((wait->master = process_master(wait->pid_path)) == 0) {
		if (milliseconds_now() > wait->deadline)
			return no_pid_file(wait->program->host, "nginx", wait->pid_path);
		nap(wait->program->host, &naptime);
	}
	return CW_OK;
}

int
reload_nginx(struct program *program, const struct model *model, unsigned sleep_seconds,
	     bool *started)
{
	struct wait wait = {.program = program, .log = -1};
	bool runs;
	int status;

	wait.busy_at = milliseconds_now();
	wait.deadline = wait.busy_at + TIME_LIMIT + 10LL * program->test_milliseconds;
	wait.pid_path = find_pid_path(program, model);
	wait.master = find_master(program, wait.pid_path);
	runs = wait.master != 0;
	if (started != NULL)
		*started = !runs;
	if (runs) {
		wait_until_idle(&wait);
		process_workers(wait.master, &wait.before);
		wait.log = open_log(program, model);
		status = send_hangup(&wait);
	} else {
		status = start(&wait, model);
	}
	if (status == CW_OK && process_visible(wait.master))
		status = wait_until_live(&wait);
	else if (status == CW_OK)
		poll(NULL, 0, (int)(sleep_seconds > 600 ? 600 : sleep_seconds) * 1000);
	wait_clear(&wait);
	return status;
}
