#include "store/lock.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DELAY_FIRST = 10, /* milliseconds */
	DELAY_MAX = 200,
	STALE_MAX = 1000 /* files that vanished under us before we give up on this attempt */
};

struct cw_lock {
	char *path;
	int descriptor;
};

/* TYPE is F_WRLCK, F_RDLCK or F_UNLCK. Returns an errno. */
static int
set_lock(int descriptor, short type)
{
	struct flock whole = {.l_type = type, .l_whence = SEEK_SET};

#ifdef F_OFD_SETLK
	if (fcntl(descriptor, F_OFD_SETLK, &whole) == 0)
		return 0;
	/* A kernel or file system without them: record locks, which forked workers do not share. */
	if (errno != EINVAL)
		return errno;
#endif
	return fcntl(descriptor, F_SETLK, &whole) == 0 ? 0 : errno;
}

/* The process that holds a record lock; 0 when it is another kind of lock, or none any more. */
static pid_t
record_lock_holder(int descriptor)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

#ifdef F_OFD_GETLK
	if (fcntl(descriptor, F_OFD_GETLK, &whole) != 0)
#endif
	{
		whole = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
		if (fcntl(descriptor, F_GETLK, &whole) != 0)
			return 0;
	}
	return whole.l_type != F_UNLCK && whole.l_pid > 0 ? whole.l_pid : 0;
}

/* The process id in the lock file, 0 when there is none. */
static pid_t
written_holder(int descriptor)
{
	char text[24];
	ssize_t length = pread(descriptor, text, sizeof(text) - 1, 0);
	uint64_t pid = 0;

	if (length <= 0)
		return 0;
	text[length] = '\0';
	return cw_parse_uint(cw_trim(text), INT32_MAX, &pid) ? (pid_t)pid : 0;
}

/* " (process 12, "certbot")", or "" when nothing is known; release with free(). */
static char *
describe_holder(int descriptor)
{
	pid_t pid = record_lock_holder(descriptor);
	cw_autofree char *path = NULL;
	cw_auto_buf struct cw_buf program = {0};

	if (pid == 0)
		pid = written_holder(descriptor);
	if (pid == 0)
		return cw_strdup("another process");
	if (kill(pid, 0) != 0 && errno == ESRCH)
		return cw_format("a process that process %ld, which has ended, left running",
				 (long)pid);
	path = cw_format("/proc/%ld/comm", (long)pid);
	if (cw_file_read(path, 256, &program, NULL) != CW_OK || program.length == 0)
		return cw_format("process %ld", (long)pid);
	return cw_format("process %ld (\"%s\")", (long)pid, cw_trim(program.data));
}

static int
fail_busy(const char *folder, int descriptor, struct cw_error *error)
{
	cw_autofree char *holder = describe_holder(descriptor);

	cw_fail(error, CW_E_BUSY, "\"%s\" is in use by %s", folder, holder);
	cw_hint(error, "wait until it ends, or give --lock-timeout SECONDS to wait for it");
	return CW_E_BUSY;
}

/* Whether PATH still is the file behind DESCRIPTOR. */
static bool
is_same_file(const char *path, int descriptor)
{
	struct stat named, held;

	return stat(path, &named) == 0 && fstat(descriptor, &held) == 0 &&
	       named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

/* For the messages of other processes. A full disk must not prevent locking. */
static void
write_process_id(int descriptor)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(descriptor, 0) == 0 && pwrite(descriptor, text, (size_t)length, 0) < length)
		cw_log_debug("cannot write the process ID to the lock file");
}

/* Locks an opened lock file; *CURRENT tells whether PATH still is that file. */
static int
lock_file(const char *folder, const char *path, int descriptor, bool *current,
	  struct cw_error *error)
{
	struct stat status;
	int number;

	if (fstat(descriptor, &status) != 0)
		return cw_fail_path(error, errno, "check the lock file", path);
	if (!S_ISREG(status.st_mode))
		return cw_fail(error, CW_E_INVALID, "the lock file \"%s\" is not a regular file",
			       path);
	number = set_lock(descriptor, F_WRLCK);
	if (number == EAGAIN || number == EACCES)
		return fail_busy(folder, descriptor, error);
	if (number != 0)
		return cw_fail_path(error, number, "lock", path);
	*current = is_same_file(path, descriptor);
	/* A file with a second name may belong to someone else. */
	if (*current && status.st_nlink == 1)
		write_process_id(descriptor);
	return CW_OK;
}

/* One try: CW_OK with *HELD, or CW_E_BUSY, or why it cannot be. */
static int
try_lock(const char *folder, const char *path, int *held, struct cw_error *error)
{
	for (int stale = 0; stale < STALE_MAX; stale++) {
		int descriptor =
			open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
		bool current = false;
		int status;

		if (descriptor < 0)
			return cw_fail_path(error, errno, "open the lock file", path);
		status = lock_file(folder, path, descriptor, &current, error);
		if (current) {
			*held = descriptor;
			return CW_OK;
		}
		close(descriptor);
		if (status != CW_OK)
			return status;
	}
	return cw_fail(error, CW_E_BUSY, "\"%s\" is in use by one process after another", folder);
}

static void
free_loop(struct cw_loop **loop)
{
	cw_loop_free(*loop);
}

/* The lock's end cannot be waited for with a time limit, so it is asked for again and again. */
static int
wait_for_lock(const char *folder, const char *path, int64_t deadline, int *held,
	      struct cw_error *error)
{
	cw_auto(free_loop) struct cw_loop *loop = cw_loop_new();
	int64_t delay = DELAY_FIRST;

	for (;;) {
		int64_t left = deadline - cw_now_ms();
		int status;

		if (left <= 0)
			return CW_E_BUSY;
		status = cw_loop_turn(loop, left < delay ? left : delay, error);
		if (status != CW_OK)
			return cw_context(error, "interrupted while waiting for \"%s\"", folder);
		status = try_lock(folder, path, held, error);
		if (status != CW_E_BUSY)
			return status;
		delay = delay * 2 < DELAY_MAX ? delay * 2 : DELAY_MAX;
	}
}

static int64_t
deadline_after(int64_t timeout)
{
	int64_t now = cw_now_ms();

	return timeout < 0 || timeout > INT64_MAX - now ? INT64_MAX : now + timeout;
}

int
cw_lock_take(const char *folder, int64_t timeout, struct cw_lock **lock, struct cw_error *error)
{
	cw_autofree char *path = cw_format("%s/.certbot.lock", folder);
	cw_auto_error struct cw_error problem = {0};
	int64_t deadline = deadline_after(timeout);
	int descriptor = -1;
	int status = try_lock(folder, path, &descriptor, &problem);

	*lock = NULL;
	if (status == CW_E_BUSY && timeout != 0) {
		cw_log_info("%s; waiting for it", problem.message);
		status = wait_for_lock(folder, path, deadline, &descriptor, &problem);
	}
	if (status != CW_OK)
		return cw_error_move(error, &problem);
	*lock = cw_alloc(sizeof(**lock));
	(*lock)->path = cw_take(&path);
	(*lock)->descriptor = descriptor;
	return CW_OK;
}

void
cw_lock_abandon(struct cw_lock *lock)
{
	if (lock == NULL)
		return;
	free(lock->path);
	free(lock);
}

void
cw_lock_release(struct cw_lock *lock)
{
	if (lock == NULL)
		return;
	/* Somebody may have removed the file by hand, and another run have made its own since. */
	if (is_same_file(lock->path, lock->descriptor) && unlink(lock->path) != 0)
		cw_log_warning("cannot remove the lock file \"%s\": %s", lock->path,
			       strerror(errno));
	set_lock(lock->descriptor, F_UNLCK);
	close(lock->descriptor);
	cw_lock_abandon(lock);
}

int
cw_run_locks_take(const struct cw_directories *directories, int64_t timeout,
		  struct cw_run_locks *locks, struct cw_error *error)
{
	const char *folders[] = {directories->logs, directories->config, directories->work};
	struct cw_lock **const taken[] = {&locks->logs, &locks->config, &locks->work};
	int64_t deadline = deadline_after(timeout);

	*locks = (struct cw_run_locks){0};
	for (size_t i = 0; i < CW_COUNT(folders); i++) {
		int64_t left = deadline - cw_now_ms();
		bool again = false;
		int status;

		for (size_t j = 0; j < i; j++)
			again = again || cw_is_same_folder(folders[i], folders[j]);
		if (again)
			continue;
		if (timeout <= 0)
			left = timeout;
		status = cw_lock_take(folders[i], left < 0 && timeout > 0 ? 0 : left, taken[i],
				      error);
		if (status != CW_OK) {
			cw_run_locks_release(locks);
			return status;
		}
	}
	return CW_OK;
}

void
cw_run_locks_release(struct cw_run_locks *locks)
{
	cw_lock_release(locks->work);
	cw_lock_release(locks->config);
	cw_lock_release(locks->logs);
	*locks = (struct cw_run_locks){0};
}

static char *
presence_path(const char *work)
{
	return cw_format("%s/certwright/plugin-processes.lock", work);
}

int
cw_presence_mark(const char *work, int *descriptor, struct cw_error *error)
{
	cw_autofree char *path = presence_path(work);
	cw_autofree char *folder = cw_path_folder(path);
	cw_autoclose int made = -1;
	int number, status = cw_folder_make(folder, 0700, error);

	*descriptor = -1;
	if (status != CW_OK)
		return status;
	made = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (made < 0)
		return cw_fail_path(error, errno, "open the lock file", path);
	number = set_lock(made, F_RDLCK);
	if (number != 0)
		return cw_fail_path(error, number, "lock", path);
	*descriptor = made;
	made = -1;
	return CW_OK;
}

int
cw_presence_wait(const char *work, int64_t timeout, struct cw_error *error)
{
	cw_autofree char *path = presence_path(work);
	cw_autoclose int descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	cw_auto(free_loop) struct cw_loop *loop = NULL;
	int64_t deadline = deadline_after(timeout), delay = DELAY_FIRST;
	int number;

	if (descriptor < 0)
		return errno == ENOENT ? CW_OK
				       : cw_fail_path(error, errno, "open the lock file", path);
	while ((number = set_lock(descriptor, F_WRLCK)) == EAGAIN || number == EACCES) {
		int64_t left = deadline - cw_now_ms();
		int status;

		if (left <= 0)
			return cw_fail(error, CW_E_BUSY,
				       "a plugin process of a run that was killed has not ended");
		if (loop == NULL)
			loop = cw_loop_new();
		status = cw_loop_turn(loop, left < delay ? left : delay, error);
		if (status != CW_OK)
			return status;
		delay = delay * 2 < DELAY_MAX ? delay * 2 : DELAY_MAX;
	}
	return number == 0 ? CW_OK : cw_fail_path(error, number, "lock", path);
}
