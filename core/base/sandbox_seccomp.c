/* The system calls that are left in a sandbox, by libseccomp. What is not named here fails: with
 * ENOSYS where a libc tries it before an older one, else with EPERM. */
#include <config.h>
#include "base/sandbox_parts.h"

#ifdef __linux__

#ifdef HAVE_SECCOMP

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/seccomp_api.h"

/* System calls from here on came after those that every libc that we know needs; they have the
 * same numbers on all architectures. */
enum { FIRST_NEW = 424, AFTER_NEW = 512 };

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

struct filter {
	scmp_filter_ctx context;
	bool allowed[AFTER_NEW];
	int status; /* of the first rule that failed, a negative errno */
};

/* Without conditions. Names that an architecture does not have are skipped. */
static const char *const allowed_calls[] = {
	/* memory */
	"brk mmap mmap2 munmap mremap mprotect madvise mlock mlock2 munlock membarrier",
	/* descriptors that are there */
	"read readv pread64 write writev lseek _llseek close dup dup2 dup3 fstat fstat64 "
	"getdents getdents64 pipe pipe2 eventfd eventfd2 poll ppoll ppoll_time64 select "
	"_newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl epoll_wait "
	"epoll_pwait",
	/* names of files; what they say is Landlock's to guard */
	"stat stat64 lstat lstat64 newfstatat fstatat64 statx access faccessat faccessat2 "
	"readlink readlinkat getcwd",
	/* sockets that are there */
	"recv recvfrom recvmsg recvmmsg recvmmsg_time64 send getsockname getpeername getsockopt "
	"shutdown accept accept4",
	/* time */
	"clock_gettime clock_gettime64 clock_getres clock_getres_time64 gettimeofday time times "
	"nanosleep clock_nanosleep clock_nanosleep_time64 restart_syscall alarm",
	/* threads and signals */
	"futex futex_time64 set_robust_list set_tid_address rseq arch_prctl set_thread_area "
	"set_tls sched_yield sched_getaffinity sched_getparam sched_getscheduler "
	"sched_get_priority_max sched_get_priority_min getcpu rt_sigaction rt_sigprocmask "
	"rt_sigreturn sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait "
	"rt_sigtimedwait_time64 sigaltstack pause exit exit_group",
	/* who we are, and on what */
	"getpid gettid getppid getpgid getpgrp getsid getuid getuid32 geteuid geteuid32 getgid "
	"getgid32 getegid getegid32 getgroups getgroups32 getresuid getresuid32 getresgid "
	"getresgid32 capget uname sysinfo getrlimit ugetrlimit getrusage getrandom",
};

static const int fcntl_commands[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL};
static const int ioctl_requests[] = {FIONREAD, FIONBIO, TCGETS};
static const int prctl_options[] = {PR_SET_NAME,      PR_GET_NAME,    PR_GET_DUMPABLE,
				    PR_GET_PDEATHSIG, PR_GET_SECCOMP, PR_GET_NO_NEW_PRIVS,
				    PR_SET_VMA};

/* What libcurl, libc's resolver and servers set; not filters, devices, and the like. */
static const struct {
	int level;
	int name;
} socket_options[] = {
	{SOL_SOCKET, SO_REUSEADDR},   {SOL_SOCKET, SO_KEEPALIVE},
	{SOL_SOCKET, SO_LINGER},      {SOL_SOCKET, SO_SNDBUF},
	{SOL_SOCKET, SO_RCVBUF},      {SOL_SOCKET, SO_SNDTIMEO},
	{SOL_SOCKET, SO_RCVTIMEO},    {SOL_SOCKET, SO_PRIORITY},
	{IPPROTO_TCP, TCP_NODELAY},   {IPPROTO_TCP, TCP_KEEPIDLE},
	{IPPROTO_TCP, TCP_KEEPINTVL}, {IPPROTO_TCP, TCP_KEEPCNT},
	{IPPROTO_TCP, TCP_QUICKACK},  {IPPROTO_IP, IP_TOS},
	{IPPROTO_IP, IP_RECVERR},     {IPPROTO_IP, IP_MTU_DISCOVER},
	{IPPROTO_IPV6, IPV6_V6ONLY},  {IPPROTO_IPV6, IPV6_RECVERR},
	{IPPROTO_IPV6, IPV6_TCLASS},  {IPPROTO_IPV6, IPV6_MTU_DISCOVER},
};

/* Arguments of type int: what stands in the upper half of the register does not count. */
static struct scmp_arg_cmp
is(unsigned argument, int value)
{
	return (struct scmp_arg_cmp){argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, (uint32_t)value};
}

/* Of the bits of MASK, those of VALUE are set and the others are not. */
static struct scmp_arg_cmp
bits(unsigned argument, uint32_t mask, uint32_t value)
{
	return (struct scmp_arg_cmp){argument, SCMP_CMP_MASKED_EQ, mask, value};
}

static void
add(struct filter *filter, uint32_t action, int number, const struct scmp_arg_cmp *conditions,
    unsigned count)
{
	int status = cw_seccomp.rule_add_array(filter->context, action, number, count, conditions);

	/* EDOM: not on this architecture. */
	if (status < 0 && status != -EDOM && filter->status == 0)
		filter->status = status;
}

/* Lets NAME pass where all CONDITIONS hold; a call may have several such rules. */
static void
allow_where(struct filter *filter, const char *name, const struct scmp_arg_cmp *conditions,
	    unsigned count)
{
	int number = cw_seccomp.syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return;
	if (number >= 0 && number < AFTER_NEW)
		filter->allowed[number] = true;
	add(filter, SCMP_ACT_ALLOW, number, conditions, count);
}

static void
allow(struct filter *filter, const char *name)
{
	allow_where(filter, name, NULL, 0);
}

static void
allow_if(struct filter *filter, const char *name, struct scmp_arg_cmp condition)
{
	allow_where(filter, name, &condition, 1);
}

static void
allow_values(struct filter *filter, const char *name, unsigned argument, const int *values,
	     size_t count)
{
	for (size_t i = 0; i < count; i++)
		allow_if(filter, name, is(argument, values[i]));
}

static void
allow_reading_files(struct filter *filter)
{
	const uint32_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_TMPFILE;

	allow_if(filter, "open", bits(1, writing & ~(uint32_t)O_DIRECTORY, O_RDONLY));
	allow_if(filter, "openat", bits(2, writing & ~(uint32_t)O_DIRECTORY, O_RDONLY));
}

/* Threads, but no processes; signals to itself, but to nobody else. */
static void
allow_threads(struct filter *filter)
{
	const uint32_t other_spaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
				      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE;
	const uint32_t thread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
	pid_t ours = getpid();
#ifdef __s390__
	const unsigned flags = 1;
#else
	const unsigned flags = 0;
#endif

	allow_if(filter, "clone", bits(flags, thread | other_spaces, thread));
	allow_if(filter, "kill", is(0, ours));
	allow_if(filter, "tgkill", is(0, ours));
}

static void
allow_limits(struct filter *filter)
{
	const struct scmp_arg_cmp reading[] = {is(0, 0), {2, SCMP_CMP_EQ, 0, 0}};

	allow_where(filter, "prlimit64", reading, CW_COUNT(reading));
}

/* A pair of stream sockets cannot be connected to anything else. libcurl wakes itself with one. */
static void
allow_pairs(struct filter *filter)
{
	const struct scmp_arg_cmp pair[] = {is(0, AF_UNIX), bits(1, 0xf, SOCK_STREAM)};

	allow_where(filter, "socketpair", pair, CW_COUNT(pair));
}

static void
allow_socket_options(struct filter *filter)
{
	for (size_t i = 0; i < CW_COUNT(socket_options); i++) {
		const struct scmp_arg_cmp option[] = {is(1, socket_options[i].level),
						      is(2, socket_options[i].name)};

		allow_where(filter, "setsockopt", option, CW_COUNT(option));
	}
}

static void
allow_sockets_of(struct filter *filter, int family, int type, int protocol)
{
	const int protocols[] = {0, protocol};

	for (size_t i = 0; i < CW_COUNT(protocols); i++) {
		const struct scmp_arg_cmp socket[] = {is(0, family), bits(1, 0xf, (uint32_t)type),
						      is(2, protocols[i])};

		allow_where(filter, "socket", socket, CW_COUNT(socket));
	}
}

static void
allow_network(struct filter *filter)
{
	const int families[] = {AF_INET, AF_INET6};

	for (size_t i = 0; i < CW_COUNT(families); i++) {
		allow_sockets_of(filter, families[i], SOCK_STREAM, IPPROTO_TCP);
		allow_sockets_of(filter, families[i], SOCK_DGRAM, IPPROTO_UDP);
	}
	allow(filter, "connect");
	allow(filter, "sendto");
	allow(filter, "sendmsg");
	allow(filter, "sendmmsg");
}

/* To whom the sockets lead that it has, and not, by a detour, to others. */
static void
allow_sending(struct filter *filter)
{
	const struct scmp_arg_cmp sendto[] = {bits(3, MSG_FASTOPEN, 0), {4, SCMP_CMP_EQ, 0, 0}};

	allow_where(filter, "sendto", sendto, CW_COUNT(sendto));
	allow_if(filter, "sendmsg", bits(2, MSG_FASTOPEN, 0));
	allow_if(filter, "sendmmsg", bits(3, MSG_FASTOPEN, 0));
}

static void
fill(struct filter *filter, bool network)
{
	cw_auto_strv struct cw_strv calls = {0};

	for (size_t i = 0; i < CW_COUNT(allowed_calls); i++)
		cw_strv_split(&calls, allowed_calls[i], ' ');
	for (size_t i = 0; i < calls.count; i++)
		allow(filter, calls.items[i]);
	allow_values(filter, "fcntl", 1, fcntl_commands, CW_COUNT(fcntl_commands));
	allow_values(filter, "fcntl64", 1, fcntl_commands, CW_COUNT(fcntl_commands));
	allow_values(filter, "ioctl", 1, ioctl_requests, CW_COUNT(ioctl_requests));
	allow_values(filter, "prctl", 0, prctl_options, CW_COUNT(prctl_options));
	allow_reading_files(filter);
	allow_threads(filter);
	allow_limits(filter);
	allow_pairs(filter);
	allow_socket_options(filter);
	if (network)
		allow_network(filter);
	else
		allow_sending(filter);
	for (int number = FIRST_NEW; number < AFTER_NEW; number++) {
		if (!filter->allowed[number])
			add(filter, SCMP_ACT_ERRNO(ENOSYS), number, NULL, 0);
	}
}

/* Returns 0 or an errno. */
static int
load(bool network)
{
	struct filter filter = {.context = cw_seccomp.init(SCMP_ACT_ERRNO(EPERM))};
	int status;

	if (filter.context == NULL)
		return ENOMEM;
	fill(&filter, network);
	status = filter.status;
	if (status == 0)
		status = cw_seccomp.load(filter.context);
	cw_seccomp.release(filter.context);
	return -status;
}

static bool mapped;

void
cw_sandbox_map_seccomp(const struct cw_sandbox *sandbox)
{
	mapped = !sandbox->without_seccomp && cw_seccomp_load();
}

void
cw_sandbox_seccomp(const struct cw_sandbox *sandbox, struct cw_strv *missing)
{
	int number;

	if (sandbox->without_seccomp) {
		cw_strv_add(missing, CW_SANDBOX_SECCOMP ": left out");
		return;
	}
	if (!mapped) {
		cw_strv_add(missing, CW_SANDBOX_SECCOMP ": libseccomp is not installed");
		return;
	}
	number = load(sandbox->network);
	if (number != 0)
		cw_strv_addf(missing, CW_SANDBOX_SECCOMP ": %s", strerror(number));
}

#else

void
cw_sandbox_map_seccomp(const struct cw_sandbox *sandbox)
{
	(void)sandbox;
}

void
cw_sandbox_seccomp(const struct cw_sandbox *sandbox, struct cw_strv *missing)
{
	cw_strv_add(missing, sandbox->without_seccomp ? CW_SANDBOX_SECCOMP ": left out"
						      : CW_SANDBOX_SECCOMP
				     ": this program was built without it");
}

#endif

#endif
