/*
 * What code that has taken over a process would try. Each attempt must fail in each sandbox that
 * stops it, and, so that this means something, succeed outside of one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "sandbox_fixture.h"
#include "scratch.h"

/* The exit status of a process that makes an attempt. */
enum { SUCCEEDED = 0, FAILED = 10 };

static unsigned port; /* where somebody listens */
static char marker[] = "what the parent has in its memory";

static bool
opens(const char *path, int flags)
{
	int descriptor = open(path, flags | O_CLOEXEC, 0600);

	return descriptor >= 0 && close(descriptor) == 0;
}

static bool
opens_in_scratch(const char *name, int flags)
{
	cw_autofree char *path = scratch_path(name);

	return opens(path, flags);
}

static bool
creates_a_file(void)
{
	return opens_in_scratch("open/new", O_WRONLY | O_CREAT | O_EXCL);
}

static bool
creates_a_file_the_old_way(void)
{
	cw_autofree char *path = scratch_path("open/creat");

	return creat(path, 0600) >= 0;
}

static bool
creates_a_nameless_file(void)
{
	return opens_in_scratch("open", O_TMPFILE | O_RDWR);
}

static bool
creates_a_file_in_memory(void)
{
	return memfd_create("x", 0) >= 0;
}

static bool
creates_a_file_below_etc(void)
{
	return opens("/etc/cw-sandbox-test", O_WRONLY | O_CREAT) &&
	       unlink("/etc/cw-sandbox-test") == 0;
}

static bool
writes_to_a_file(void)
{
	return opens_in_scratch("open/writable", O_WRONLY);
}

static bool
writes_by_way_of_proc(void)
{
	cw_autofree char *path = scratch_path("open/writable");
	int descriptor = open(path, O_PATH | O_CLOEXEC);
	cw_autofree char *again = cw_format("/proc/self/fd/%d", descriptor);

	return descriptor >= 0 && opens(again, O_RDWR);
}

static bool
appends_to_a_file(void)
{
	return opens_in_scratch("open/writable", O_RDWR | O_APPEND);
}

static bool
truncates_a_file(void)
{
	cw_autofree char *path = scratch_path("open/writable");

	return truncate(path, 0) == 0;
}

static bool
removes_a_file(void)
{
	cw_autofree char *path = scratch_path("open/writable");

	return unlink(path) == 0;
}

static bool
renames_a_file(void)
{
	cw_autofree char *from = scratch_path("open/writable"), *to = scratch_path("open/other");

	return rename(from, to) == 0;
}

static bool
makes_a_folder(void)
{
	cw_autofree char *path = scratch_path("open/folder");

	return mkdir(path, 0700) == 0;
}

static bool
makes_a_link(void)
{
	cw_autofree char *path = scratch_path("open/link");

	return symlink("/etc/passwd", path) == 0;
}

static bool
makes_a_fifo(void)
{
	cw_autofree char *path = scratch_path("open/fifo");

	return mkfifo(path, 0600) == 0;
}

static bool
reads_what_only_its_user_may_read(void)
{
	return opens_in_scratch("secret", O_RDONLY);
}

static bool
reads_what_all_may_read(void)
{
	return opens_in_scratch("open/writable", O_RDONLY);
}

static bool
lists_a_folder(void)
{
	return opens_in_scratch("open", O_RDONLY | O_DIRECTORY);
}

static bool
reads_the_memory_file_of_its_parent(void)
{
	cw_autofree char *path = cw_format("/proc/%ld/mem", (long)getppid());
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	char seen[sizeof(marker)] = "";

	return descriptor >= 0 &&
	       pread(descriptor, seen, sizeof(seen), (off_t)(uintptr_t)marker) > 0 &&
	       strcmp(seen, marker) == 0;
}

static bool
copies_the_memory_of_its_parent(void)
{
	char seen[sizeof(marker)] = "";
	struct iovec to = {seen, sizeof(seen)}, from = {marker, sizeof(marker)};

	return process_vm_readv(getppid(), &to, 1, &from, 1, 0) > 0 && strcmp(seen, marker) == 0;
}

static bool
traces_its_parent(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0 &&
	       ptrace(PTRACE_INTERRUPT, getppid(), NULL, NULL) == 0;
}

static bool
signals_its_parent(void)
{
	return kill(getppid(), SIGURG) == 0;
}

static bool
signals_a_thread_of_its_parent(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), SIGURG) == 0;
}

static bool
signals_its_group(void)
{
	return kill(0, SIGURG) == 0;
}

static bool
has_the_kernel_signal_its_parent(void)
{
	int ends[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 &&
	       fcntl(ends[0], F_SETOWN, getppid()) == 0;
}

static bool
executes_a_program(void)
{
	execl("/bin/sh", "sh", "-c", "exit 0", NULL);
	return false;
}

static bool
executes_a_descriptor(void)
{
	char *const arguments[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"exit 0"}, NULL};
	char *const none[] = {NULL};

	syscall(SYS_execveat, open("/bin/sh", O_PATH), "", arguments, none, AT_EMPTY_PATH);
	return false;
}

static bool
makes_a_process(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return child > 0;
}

/* Landlock's handling of older clone(2) must not be a way around. */
static bool
makes_a_process_with_clone3(void)
{
	uint64_t arguments[8] = {0};
	long child;

	arguments[4] = SIGCHLD;
	child = syscall(SYS_clone3, arguments, sizeof(arguments));
	if (child == 0)
		_exit(0);
	return child > 0;
}

static int
connect_unix(const char *name, size_t length, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int descriptor = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, length);
	return connect(descriptor, (struct sockaddr *)&address,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}

static bool
connects_to_a_unix_socket(void)
{
	cw_autofree char *path = scratch_path("open/socket");

	return connect_unix(path, strlen(path) + 1, SOCK_STREAM) == 0;
}

static char abstract_name[64];

static bool
connects_to_an_abstract_unix_socket(void)
{
	return connect_unix(abstract_name, strlen(abstract_name + 1) + 1, SOCK_STREAM) == 0;
}

/* A pair of datagram sockets could be connected anew. */
static bool
turns_a_pair_to_another_socket(void)
{
	cw_autofree char *path = scratch_path("open/datagrams");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int ends[2];

	memcpy(address.sun_path, path, strlen(path) + 1);
	return socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0 &&
	       sendto(ends[0], "x", 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1;
}

static struct sockaddr_in
loopback(unsigned number)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons((uint16_t)number)};
}

static bool
connects_to_a_server(void)
{
	struct sockaddr_in address = loopback(port);
	int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(descriptor, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static bool
sends_a_datagram(void)
{
	struct sockaddr_in address = loopback(port);
	int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return sendto(descriptor, "x", 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1;
}

static bool
listens(void)
{
	struct sockaddr_in address = loopback(0);
	int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return bind(descriptor, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       listen(descriptor, 1) == 0;
}

static bool
listens_without_an_address(void)
{
	return listen(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 1) == 0;
}

static bool
makes_a_netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0;
}

static bool
makes_a_raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP) >= 0;
}

static bool
attaches_a_filter(void)
{
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
	struct sock_fprog program = {.len = CW_COUNT(code), .filter = code};
	int ends[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 &&
	       setsockopt(ends[0], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

static bool
becomes_root_again(void)
{
	return setresuid(0, 0, 0) == 0 && geteuid() == 0;
}

static bool
becomes_another_group(void)
{
	return setresgid(1, 1, 1) == 0;
}

static bool
takes_a_group(void)
{
	const gid_t groups[] = {0};

	return setgroups(1, groups) == 0;
}

static bool
mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool
makes_a_user_namespace(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}

static bool
is_there(long result)
{
	return result >= 0 || errno != EPERM;
}

/* Of these it is enough that nobody of the kernel looks at the arguments. */
static bool
reaches_bpf(void)
{
	return is_there(syscall(SYS_bpf, -1, NULL, 0)) && errno != ENOSYS;
}

static bool
reaches_keyrings(void)
{
	return syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -2, 1) >= 0;
}

static bool
reaches_io_uring(void)
{
	struct io_uring_params parameters = {0};

	return syscall(SYS_io_uring_setup, 1, &parameters) >= 0;
}

static bool
catches_page_faults(void)
{
	return syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */ | O_CLOEXEC) >= 0;
}

static bool
measures_performance(void)
{
	errno = 0;
	syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0);
	return errno == EFAULT;
}

static bool
raises_a_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static bool
becomes_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1) == 0 && prctl(PR_GET_DUMPABLE) == 1;
}

static const struct attempt {
	const char *name;
	bool (*succeeds)(void);
	unsigned stopped_by;
	bool by_root;  /* only root can do it at all */
	bool may_lack; /* the kernel may not have it, or not for everybody */
	bool network;  /* allowed with network */
} attempts[] = {
#define NAMED(function) #function, function
	{NAMED(creates_a_file), LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(creates_a_file_the_old_way), LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(creates_a_nameless_file), LANDLOCK | SECCOMP, .may_lack = true},
	{NAMED(creates_a_file_in_memory), SECCOMP, .by_root = false},
	{NAMED(creates_a_file_below_etc), USER | LANDLOCK | SECCOMP, .by_root = true},
	{NAMED(writes_to_a_file), LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(writes_by_way_of_proc), LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(appends_to_a_file), LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(truncates_a_file), LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(removes_a_file), LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(renames_a_file), LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(makes_a_folder), LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(makes_a_link), LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(makes_a_fifo), LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(reads_what_only_its_user_may_read), USER | LANDLOCK, .by_root = true},
	{NAMED(reads_what_all_may_read), LANDLOCK, .by_root = false},
	{NAMED(lists_a_folder), LANDLOCK, .by_root = false},
	{NAMED(reads_the_memory_file_of_its_parent), USER | LANDLOCK, .by_root = false},
	{NAMED(copies_the_memory_of_its_parent), USER | LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(traces_its_parent), USER | LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(signals_its_parent), USER | LANDLOCK_SCOPE | SECCOMP, .by_root = false},
	{NAMED(signals_a_thread_of_its_parent), USER | LANDLOCK_SCOPE | SECCOMP, .by_root = false},
	{NAMED(signals_its_group), SECCOMP, .by_root = false},
	{NAMED(has_the_kernel_signal_its_parent), SECCOMP, .by_root = false},
	{NAMED(executes_a_program), LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(executes_a_descriptor), LANDLOCK | SECCOMP, .by_root = false},
	{NAMED(makes_a_process), SECCOMP, .by_root = false},
	{NAMED(makes_a_process_with_clone3), SECCOMP, .by_root = false},
	{NAMED(connects_to_a_unix_socket), SECCOMP, .by_root = false},
	{NAMED(connects_to_an_abstract_unix_socket), LANDLOCK_SCOPE | SECCOMP, .by_root = false},
	{NAMED(turns_a_pair_to_another_socket), SECCOMP, .by_root = false},
	{NAMED(connects_to_a_server), LANDLOCK_TCP | SECCOMP, .network = true},
	{NAMED(sends_a_datagram), SECCOMP, .network = true},
	{NAMED(listens), LANDLOCK_TCP | SECCOMP, .by_root = false},
	{NAMED(listens_without_an_address), SECCOMP, .by_root = false},
	{NAMED(makes_a_netlink_socket), SECCOMP, .by_root = false},
	{NAMED(makes_a_raw_socket), USER | SECCOMP, .by_root = true},
	{NAMED(attaches_a_filter), SECCOMP, .by_root = false},
	{NAMED(becomes_root_again), USER | SECCOMP, .by_root = true},
	{NAMED(becomes_another_group), USER | SECCOMP, .by_root = true},
	{NAMED(takes_a_group), USER | SECCOMP, .by_root = true},
	{NAMED(mounts), USER | SECCOMP, .by_root = true, .may_lack = true},
	{NAMED(makes_a_user_namespace), SECCOMP, .may_lack = true},
	{NAMED(reaches_bpf), SECCOMP, .by_root = true, .may_lack = true},
	{NAMED(reaches_keyrings), SECCOMP, .may_lack = true},
	{NAMED(reaches_io_uring), SECCOMP, .may_lack = true},
	{NAMED(catches_page_faults), SECCOMP, .may_lack = true},
	{NAMED(measures_performance), SECCOMP, .may_lack = true},
	{NAMED(raises_a_limit), SECCOMP, .by_root = false},
	{NAMED(becomes_dumpable), SECCOMP, .by_root = false},
};

struct trial {
	const struct attempt *attempt;
	const struct way *way; /* NULL: outside of a sandbox */
	bool root;
	bool private; /* the parent keeps its memory private */
};

/* Not by scratch_write(), which waits for the disk each time. */
static void
write_file(const char *name, mode_t mode)
{
	cw_autofree char *path = scratch_path(name);
	cw_autoclose int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_int_equal(fchmod(file, mode), 0);
	assert_int_equal(write(file, "text", 4), 4);
}

static void
prepare_files(void)
{
	cw_autofree char *folder = scratch_path("open");

	assert_int_equal(cw_tree_remove(folder, NULL), CW_OK);
	assert_int_equal(chmod(scratch, 0755), 0);
	assert_int_equal(cw_folder_make(folder, 0777, NULL), CW_OK);
	write_file("open/writable", 0666);
	write_file("secret", 0600);
}

static int
listen_unix(const char *name, size_t length, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, length);
	assert_int_equal(bind(listener, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
			 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(listener, 1000), 0);
	else
		assert_int_equal(chmod(name, 0777), 0);
	return listener;
}

static int listeners[4];

static void
open_listeners(void)
{
	static unsigned opened;
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof(address);
	cw_autofree char *path = scratch_path("open/socket");
	cw_autofree char *datagrams = scratch_path("open/datagrams");

	/* Another one each time: a process of an earlier attempt may still have that one's socket.
	 */
	snprintf(abstract_name + 1, sizeof(abstract_name) - 1, "cw-test-%ld-%u", (long)getpid(),
		 ++opened);
	listeners[0] = listen_unix(path, strlen(path) + 1, SOCK_STREAM);
	assert_int_equal(chmod(path, 0777), 0);
	listeners[1] = listen_unix(datagrams, strlen(datagrams) + 1, SOCK_DGRAM);
	listeners[2] = listen_unix(abstract_name, strlen(abstract_name + 1) + 1, SOCK_STREAM);
	listeners[3] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listeners[3], (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listeners[3], 1000), 0);
	assert_int_equal(getsockname(listeners[3], (struct sockaddr *)&address, &length), 0);
	port = ntohs(address.sin_port);
}

static void
close_listeners(void)
{
	for (size_t i = 0; i < CW_COUNT(listeners); i++)
		close(listeners[i]);
}

/* The process that the attempt is made in, and its end. */
static _Noreturn void
attempt_it(const struct trial *trial)
{
	if (trial->way != NULL)
		enter_as(trial->way, NULL);
	_exit(trial->attempt->succeeds() ? SUCCEEDED : FAILED);
}

/* Its parent, which exits as it did. */
static void
be_its_parent(const struct trial *trial)
{
	int status;
	pid_t child;

	alarm(60);
	if (!trial->root)
		become_ordinary();
	be_open_to_all();
	if (trial->private)
		cw_keep_memory_private();
	setpgid(0, 0);
	child = fork();
	if (child == 0)
		attempt_it(trial);
	while (waitpid(child, &status, 0) != child)
		continue;
	if (!WIFEXITED(status))
		dprintf(STDERR_FILENO, "%s: status %x\n", trial->attempt->name, (unsigned)status);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 2);
}

static bool
succeeds(const struct trial *trial)
{
	int status;
	pid_t parent;

	prepare_files();
	open_listeners();
	parent = fork();
	if (parent == 0)
		be_its_parent(trial);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	close_listeners();
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == SUCCEEDED || WEXITSTATUS(status) == FAILED);
	return WEXITSTATUS(status) == SUCCEEDED;
}

static void
test_each_attempt_succeeds_outside_of_a_sandbox(void **state)
{
	bool all = true;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(attempts); i++) {
		struct trial trial = {.attempt = &attempts[i], .root = attempts[i].by_root};

		if (attempts[i].by_root && !we_are_root())
			continue;
		if (succeeds(&trial))
			continue;
		print_message("%s: not here\n", attempts[i].name);
		all = all && attempts[i].may_lack;
	}
	assert_true(all);
}

static bool
is_stopped(const struct attempt *attempt, const struct way *way)
{
	return (attempt->stopped_by & protection(way)) != 0 && !(attempt->network && way->network);
}

static void
test_each_attempt_fails_in_each_sandbox_that_stops_it(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t w = 0; w < CW_COUNT(ways); w++) {
		for (size_t i = 0; i < CW_COUNT(attempts); i++) {
			struct trial trial = {
				.attempt = &attempts[i], .way = &ways[w], .root = ways[w].root};

			if ((ways[w].root && !we_are_root()) ||
			    !is_stopped(&attempts[i], &ways[w]) || !succeeds(&trial))
				continue;
			print_message("%s: %s\n", ways[w].name, attempts[i].name);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void
test_what_only_the_network_allows_is_allowed_with_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < CW_COUNT(attempts); i++) {
		struct trial trial = {.attempt = &attempts[i], .way = &ways[6]};

		if (attempts[i].network)
			assert_true(succeeds(&trial));
	}
}

static void
test_private_memory_is_not_read_by_the_same_user(void **state)
{
	static const char *const names[] = {"reads_the_memory_file_of_its_parent",
					    "copies_the_memory_of_its_parent", "traces_its_parent"};
	size_t tried = 0;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(attempts); i++) {
		struct trial trial = {.attempt = &attempts[i], .private = true};

		for (size_t n = 0; n < CW_COUNT(names); n++) {
			if (strcmp(attempts[i].name, names[n]) != 0)
				continue;
			assert_false(succeeds(&trial));
			tried++;
		}
	}
	assert_int_equal(tried, CW_COUNT(names));
}

/* Whether a process that crashes leaves a core file; PRIVATE and WAY as above. */
static bool
dumps_core(const struct way *way, bool private)
{
	int status;
	pid_t child;

	prepare_files();
	child = fork();
	if (child == 0) {
		struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
		char *folder = scratch_path("open");

		CHECK(chdir(folder) == 0);
		free(folder);
		setrlimit(RLIMIT_CORE, &all);
		be_open_to_all();
		if (private)
			cw_keep_memory_private();
		if (way != NULL)
			enter_as(way, NULL);
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	return WCOREDUMP(status);
}

static void
test_a_crash_leaves_no_core_file(void **state)
{
	(void)state;
	if (!dumps_core(NULL, false))
		print_message("core files are not made here at all\n");
	assert_false(dumps_core(NULL, true));
	for (size_t w = 0; w < CW_COUNT(ways); w++) {
		if (we_are_root() || !ways[w].root)
			assert_false(dumps_core(&ways[w], false));
	}
}

static void *
wait_here(void *context)
{
	pthread_barrier_wait(context);
	pause();
	return NULL;
}

static void
refuse_threads(void *context)
{
	struct cw_sandbox sandbox = {.user = NULL};
	cw_auto_strv struct cw_strv missing = {0};
	pthread_barrier_t barrier;
	pthread_t thread;

	(void)context;
	pthread_barrier_init(&barrier, NULL, 2);
	CHECK(pthread_create(&thread, NULL, wait_here, &barrier) == 0);
	pthread_barrier_wait(&barrier);
	CHECK(cw_sandbox_enter(&sandbox, &missing, NULL) == CW_E_INVALID);
	/* Not return: the thread would outlive its stack. */
	_exit(0);
}

static void
test_a_process_with_threads_cannot_enter(void **state)
{
	(void)state;
	in_child(refuse_threads, NULL);
}

static void
enter_as_a_stranger(void *context)
{
	struct cw_sandbox sandbox = {.user = context};
	cw_auto_strv struct cw_strv missing = {0};

	size_t expected =
		(size_t)we_are_root() + (landlock_version() == 0) + (size_t)!has_seccomp(&ways[0]);

	CHECK(cw_sandbox_enter(&sandbox, &missing, NULL) == CW_OK);
	CHECK(missing.count == expected);
	CHECK(!we_are_root() || strncmp(missing.items[0], CW_SANDBOX_USER ": ", 6) == 0);
	CHECK(!opens("/etc/passwd", O_WRONLY));
}

static void
test_a_user_that_cannot_be_had_is_told_and_the_rest_is_kept(void **state)
{
	static char stranger[] = "no-such-user", root[] = "root";

	(void)state;
	in_child(enter_as_a_stranger, stranger);
	in_child(enter_as_a_stranger, root);
}

/* Root of a container that may not change its groups, and one that may not change its user. */
static void
enter_when_forbidden(void *context)
{
	const unsigned *number = context;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, *number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = CW_COUNT(code), .filter = code};
	struct cw_sandbox sandbox = {.user = "nobody"};
	cw_auto_strv struct cw_strv missing = {0};
	const gid_t groups[] = {1, 2};

	CHECK(setgroups(2, groups) == 0);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	CHECK(cw_sandbox_enter(&sandbox, &missing, NULL) == CW_OK);
	CHECK(missing.count >= 1);
	CHECK(strncmp(missing.items[0], CW_SANDBOX_USER ": cannot switch to", 21) == 0);
	CHECK(geteuid() == 0 && getegid() == 0 && getgroups(0, NULL) == 2);
}

static void
test_root_that_may_not_become_another_stays_wholly_root(void **state)
{
#ifdef SYS_setgroups32
	unsigned numbers[] = {SYS_setgroups32, SYS_setresgid32, SYS_setresuid32};
#else
	unsigned numbers[] = {SYS_setgroups, SYS_setresgid, SYS_setresuid};
#endif

	(void)state;
	if (!we_are_root())
		skip();
	for (size_t i = 0; i < CW_COUNT(numbers); i++)
		in_child(enter_when_forbidden, &numbers[i]);
}

static void
keep_the_death_signal(void *context)
{
	struct cw_sandbox sandbox = {.user = "nobody"};
	cw_auto_strv struct cw_strv missing = {0};
	int number = 0;

	(void)context;
	CHECK(prctl(PR_SET_PDEATHSIG, SIGTERM) == 0);
	CHECK(cw_sandbox_enter(&sandbox, &missing, NULL) == CW_OK);
	CHECK(prctl(PR_GET_PDEATHSIG, &number) == 0 && number == SIGTERM);
	CHECK(prctl(PR_GET_DUMPABLE) == 0);
}

static void
test_it_still_dies_with_its_parent(void **state)
{
	(void)state;
	in_child(keep_the_death_signal, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_attempt_succeeds_outside_of_a_sandbox),
		cmocka_unit_test(test_each_attempt_fails_in_each_sandbox_that_stops_it),
		cmocka_unit_test(test_what_only_the_network_allows_is_allowed_with_it),
		cmocka_unit_test(test_private_memory_is_not_read_by_the_same_user),
		cmocka_unit_test(test_a_crash_leaves_no_core_file),
		cmocka_unit_test(test_a_process_with_threads_cannot_enter),
		cmocka_unit_test(test_a_user_that_cannot_be_had_is_told_and_the_rest_is_kept),
		cmocka_unit_test(test_root_that_may_not_become_another_stays_wholly_root),
		cmocka_unit_test(test_it_still_dies_with_its_parent),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
