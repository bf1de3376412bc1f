#include "base/process_spawn.h"
#include "base/mem.h"
#include "base/program_path.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child is given stands below this descriptor: 0 to 2, a role's socket, and the one over
 * which it reports that it could not exec. */
#define FIRST_FREE 5

enum stage { STAGE_SESSION, STAGE_DESCRIPTORS, STAGE_FOLDER, STAGE_EXEC };

struct report {
	int stage;
	int number; /* errno */
};

/* Both ends of the pipes, OURS and the CHILD's, -1 where there is none. */
struct ends {
	int ours[3];
	int child[3];
	int report[2];
	int socket; /* the child's, of a role */
};

/* What the child works with. Made before fork(): after it only async-signal-safe calls are allowed,
 * because threads of this process may have held locks. */
struct plan {
	const struct cw_process *process;
	const char *path; /* what is executed */
	const char **environment;
	const struct ends *ends;
	pid_t parent;
};

static void
close_end(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

static void
close_ends(struct ends *ends)
{
	for (size_t i = 0; i < 3; i++) {
		close_end(&ends->ours[i]);
		close_end(&ends->child[i]);
	}
	close_end(&ends->report[0]);
	close_end(&ends->report[1]);
	close_end(&ends->socket);
}

/* Moves a descriptor out of the range of those that the child's dup2() calls overwrite. */
static int
move_up(int descriptor)
{
	int moved;

	if (descriptor < 0 || descriptor >= FIRST_FREE)
		return descriptor;
	moved = fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_FREE);
	close(descriptor);
	return moved;
}

static bool
make_pipe(int *reader, int *writer)
{
	int descriptors[2];

	if (pipe2(descriptors, O_CLOEXEC) != 0)
		return false;
	*reader = move_up(descriptors[0]);
	*writer = move_up(descriptors[1]);
	return *reader >= 0 && *writer >= 0;
}

static bool
make_ends(const struct cw_process *process, struct ends *ends)
{
	if (!make_pipe(&ends->report[0], &ends->report[1]))
		return false;
	if (process->inherit_terminal)
		return true;
	if (process->input != NULL && process->input_length > 0) {
		if (!make_pipe(&ends->child[0], &ends->ours[0]))
			return false;
	} else {
		ends->child[0] = move_up(open("/dev/null", O_RDONLY | O_CLOEXEC));
		if (ends->child[0] < 0)
			return false;
	}
	if (!make_pipe(&ends->ours[1], &ends->child[1]))
		return false;
	if (ends->socket >= 0) {
		ends->child[2] = fcntl(ends->child[1], F_DUPFD_CLOEXEC, FIRST_FREE);
		if (ends->child[2] < 0)
			return false;
	} else if (!make_pipe(&ends->ours[2], &ends->child[2])) {
		return false;
	}
	for (size_t i = 0; i < 3; i++) {
		if (ends->ours[i] >= 0 && fcntl(ends->ours[i], F_SETFL, O_NONBLOCK) != 0)
			return false;
	}
	return true;
}

/* Whether two entries, "NAME" or "NAME=VALUE", name the same variable. */
static bool
same_name(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");

	return strncmp(a, b, length) == 0 && (b[length] == '=' || b[length] == '\0');
}

static bool
is_changed(const char *entry, const char *const *changes)
{
	for (; *changes != NULL; changes++) {
		if (same_name(*changes, entry))
			return true;
	}
	return false;
}

/* Ours with PATH, "PATH=VALUE", in place of our own, then with CHANGES made; of several entries for
 * one name the last holds. The strings are borrowed; release the array with free(). */
static const char **
make_environment(const char *path, const char *const *changes)
{
	static const char *const none[] = {NULL};
	size_t ours = 0, more = 0, count = 0;
	const char **environment;

	if (changes == NULL)
		changes = none;
	while (environ != NULL && environ[ours] != NULL)
		ours++;
	while (changes[more] != NULL)
		more++;
	environment = cw_calloc(ours + more + 2, sizeof(*environment));
	if (!is_changed(path, changes))
		environment[count++] = path;
	for (size_t i = 0; i < ours; i++) {
		if (!same_name(path, environ[i]) && !is_changed(environ[i], changes))
			environment[count++] = environ[i];
	}
	for (size_t i = 0; i < more; i++) {
		if (strchr(changes[i], '=') != NULL && !is_changed(changes[i], changes + i + 1))
			environment[count++] = changes[i];
	}
	return environment;
}

static _Noreturn void
report_failure(int descriptor, enum stage stage)
{
	struct report report = {.stage = (int)stage, .number = errno};
	ssize_t written = write(descriptor, &report, sizeof(report));

	_exit(written == (ssize_t)sizeof(report) ? 127 : 126);
}

static void
default_signals(void)
{
	sigset_t none;

	/* exec keeps what is ignored, and what is blocked. */
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void
cw_close_from(int first)
{
	struct rlimit limit;
	int end = 1024;

#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
		return;
#endif
	/* Our own are close-on-exec anyway; this is for those that we were started with, so that
	 * going through a limit of a billion would be out of proportion. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		end = limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
	for (int descriptor = first; descriptor < end; descriptor++)
		close(descriptor);
}

/* SIGTERM when PARENT dies, or nothing at all when it is dead already. */
static void
die_with(pid_t parent)
{
#ifdef PR_SET_PDEATHSIG
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
	if (getppid() != parent)
		_exit(126);
}

static _Noreturn void
run_child(const struct plan *plan)
{
	const struct cw_process *process = plan->process;
	int report = plan->ends->report[1];
	int next = STDERR_FILENO + 1;

	/*
	 * A session, not only a group: a program that asks for a password on /dev/tty then fails,
	 * where in a background group it would be stopped by SIGTTIN and hang for ever.
	 *
	 * A program that inherits the terminal stays in our group, which is the foreground one, so
	 * that ^C and ^Z concern it and us alike, as a shell's user expects. Only it itself can be
	 * ended then.
	 *
	 * The session of a process of a run has no terminal: there a group is enough.
	 */
	if (process->in_session ? setpgid(0, 0) != 0 : !process->inherit_terminal && setsid() < 0)
		report_failure(report, STAGE_SESSION);
	default_signals();
	for (int i = 0; i < 3; i++) {
		if (plan->ends->child[i] >= 0 && dup2(plan->ends->child[i], i) < 0)
			report_failure(report, STAGE_DESCRIPTORS);
	}
	if (plan->ends->socket >= 0) {
		if (dup2(plan->ends->socket, next++) < 0)
			report_failure(report, STAGE_DESCRIPTORS);
		die_with(plan->parent);
	}
	if (dup2(report, next) < 0 || fcntl(next, F_SETFD, FD_CLOEXEC) != 0)
		report_failure(report, STAGE_DESCRIPTORS);
	report = next;
	cw_close_from(next + 1);
	if (process->directory != NULL && chdir(process->directory) != 0)
		report_failure(report, STAGE_FOLDER);
	/* execvp() looks the program up in the PATH of environ. */
	environ = (char **)plan->environment;
	execvp(plan->path, (char *const *)process->argv);
	report_failure(report, STAGE_EXEC);
}

static int
fail_start(struct cw_error *error, const struct cw_process *process, const char *path,
	   const struct report *report)
{
	int number = report->number;
	int status = cw_status_of_errno(number);

	if (number == ENOTDIR)
		status = CW_E_NOT_FOUND;
	if (report->stage == STAGE_FOLDER)
		cw_fail_errno(error, number, "cannot run \"%s\" in the folder \"%s\"", path,
			      process->directory);
	else
		cw_fail_errno(error, number, "cannot run \"%s\"", path);
	if (error != NULL)
		error->status = status;
	return status;
}

/* Waits until the child has reached exec or failed before it; whether it reported a failure. */
static bool
read_report(int descriptor, struct report *report)
{
	ssize_t length;

	do
		length = read(descriptor, report, sizeof(*report));
	while (length < 0 && errno == EINTR);
	return length == (ssize_t)sizeof(*report);
}

static void
reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/* fork() with all signals blocked, so that no handler of ours runs in the child: a signal that
 * comes then takes its default action there, as it would have a moment later. */
static pid_t
fork_child(const struct plan *plan)
{
	sigset_t all, present;
	pid_t pid;
	int number;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &present);
	pid = fork();
	if (pid == 0)
		run_child(plan);
	number = errno;
	sigprocmask(SIG_SETMASK, &present, NULL);
	errno = number;
	return pid;
}

static int
spawn(const struct cw_process *process, const char *path, struct ends *ends, pid_t *pid,
      struct cw_error *error)
{
	struct plan plan = {.process = process, .path = path, .ends = ends, .parent = getpid()};
	struct report report = {.stage = STAGE_EXEC};
	cw_autofree char *folders = NULL;
	cw_autofree char *variable = NULL;

	if (!make_ends(process, ends))
		return cw_fail_errno(error, errno, "cannot create the pipes for \"%s\"", path);
	folders = cw_program_path();
	variable = cw_format("PATH=%s", folders);
	plan.environment = make_environment(variable, process->environment);
	*pid = fork_child(&plan);
	report.number = errno;
	free(plan.environment);
	if (*pid < 0)
		return fail_start(error, process, path, &report);
	close_end(&ends->report[1]);
	if (read_report(ends->report[0], &report)) {
		reap(*pid);
		return fail_start(error, process, path, &report);
	}
	return CW_OK;
}

/* SOCKET is that of a role; -1: a program. */
static int
spawn_with(const struct cw_process *process, const char *path, int socket,
	   struct cw_spawned *spawned, struct cw_error *error)
{
	struct ends ends = {{-1, -1, -1}, {-1, -1, -1}, {-1, -1}, socket};
	int status = spawn(process, path, &ends, &spawned->pid, error);

	if (status == CW_OK) {
		spawned->input = ends.ours[0];
		spawned->output = ends.ours[1];
		spawned->error_output = ends.ours[2];
		ends.ours[0] = ends.ours[1] = ends.ours[2] = -1;
	}
	close_ends(&ends);
	return status;
}

int
cw_spawn(const struct cw_process *process, struct cw_spawned *spawned, struct cw_error *error)
{
	if (process->argv == NULL || process->argv[0] == NULL)
		return cw_fail(error, CW_E_INVALID, "there is no program to run");
	return spawn_with(process, process->argv[0], -1, spawned, error);
}

int
cw_spawn_role(const char *path, const char *const *argv, int socket, struct cw_spawned *spawned,
	      struct cw_error *error)
{
	const struct cw_process process = {.argv = argv};
	int given = fcntl(socket, F_DUPFD_CLOEXEC, FIRST_FREE);

	if (given < 0)
		return cw_fail_errno(error, errno, "cannot create the socket for \"%s\"", path);
	return spawn_with(&process, path, given, spawned, error);
}

int
cw_exit_descriptor(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	return -1;
#endif
}
