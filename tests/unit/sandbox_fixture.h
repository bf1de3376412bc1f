/*
 * Who enters a sandbox, and how much of it there is. Each of these is tried in a process of its
 * own, whose parent is another process of the same user. Include after <cmocka.h>.
 */
#ifndef CW_TESTS_SANDBOX_FIXTURE_H
#define CW_TESTS_SANDBOX_FIXTURE_H

#include "base/mem.h"
#include "base/sandbox.h"
#include "child.h"

#include <config.h>
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER 0x59616d61
#endif

/* What stops an attempt. */
enum { USER = 1, LANDLOCK = 2, SECCOMP = 4, LANDLOCK_TCP = 8, LANDLOCK_SCOPE = 16, ALWAYS = 32 };

struct way {
	const char *name;
	bool root;       /* who enters it is root, and becomes "nobody" */
	bool old_kernel; /* one that knows nothing of Landlock */
	bool without_landlock;
	bool without_seccomp;
	bool network;
};

static const struct way ways[] = {
	{"root, with network", true, false, false, false, true},
	{"root, without network", true, false, false, false, false},
	{"root, on an old kernel", true, true, false, false, true},
	{"root, without Landlock", true, false, true, false, false},
	{"root, without seccomp", true, false, false, true, false},
	{"root, with the user alone", true, false, true, true, true},
	{"a user, with network", false, false, false, false, true},
	{"a user, without network", false, false, false, false, false},
	{"a user, on an old kernel", false, true, false, false, true},
	{"a user, without Landlock", false, false, true, false, false},
	{"a user, without seccomp", false, false, false, true, true},
	{"a user, without seccomp and network", false, false, false, true, false},
};

static inline bool
we_are_root(void)
{
	return geteuid() == 0;
}

/* The version of Landlock; 0: the kernel has none. */
static inline long
landlock_version(void)
{
	long version = syscall(444, NULL, (size_t)0, 1);

	return version < 0 ? 0 : version;
}

/* Whether the process has a filter of system calls: certwright can be built without. */
static inline bool
has_seccomp(const struct way *way)
{
#ifdef HAVE_SECCOMP
	return !way->without_seccomp;
#else
	(void)way;
	return false;
#endif
}

static inline unsigned
protection(const struct way *way)
{
	long version = way->without_landlock || way->old_kernel ? 0 : landlock_version();
	unsigned parts = ALWAYS;

	if (way->root)
		parts |= USER;
	if (has_seccomp(way))
		parts |= SECCOMP;
	if (version >= 3)
		parts |= LANDLOCK;
	if (version >= 4)
		parts |= LANDLOCK_TCP;
	if (version >= 6)
		parts |= LANDLOCK_SCOPE;
	return parts;
}

/* As before Linux 5.13: the three system calls of Landlock are not there. */
static inline void
forget_landlock(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 444, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 446, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = CW_COUNT(code), .filter = code};

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static inline void
become_ordinary(void)
{
	const struct passwd *nobody = getpwnam("nobody");

	if (!we_are_root())
		return;
	CHECK(nobody != NULL);
	CHECK(setgroups(0, NULL) == 0);
	CHECK(setresgid(nobody->pw_gid, nobody->pw_gid, nobody->pw_gid) == 0);
	CHECK(setresuid(nobody->pw_uid, nobody->pw_uid, nobody->pw_uid) == 0);
}

/* What a parent must allow for the attempts to succeed outside of a sandbox. */
static inline void
be_open_to_all(void)
{
	struct rlimit limit;

	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PTRACER, -1L);
	CHECK(getrlimit(RLIMIT_CORE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK(setrlimit(RLIMIT_CORE, &limit) == 0);
}

/* WAY NULL: no sandbox. */
static inline void
enter_as(const struct way *way, const char *const *readable)
{
	struct cw_sandbox sandbox = {.user = "nobody", .readable = readable};
	cw_auto_strv struct cw_strv missing = {0};
	cw_auto_error struct cw_error error = {0};
	size_t expected;

	if (way == NULL)
		return;
	expected = (way->without_landlock || way->old_kernel || landlock_version() == 0) +
		   (size_t)!has_seccomp(way);
	if (way->old_kernel)
		forget_landlock();
	sandbox.network = way->network;
	sandbox.without_landlock = way->without_landlock;
	sandbox.without_seccomp = way->without_seccomp;
	if (cw_sandbox_enter(&sandbox, &missing, &error) != CW_OK) {
		dprintf(STDERR_FILENO, "%s: %s\n", way->name, error.message);
		_exit(2);
	}
	for (size_t i = 0; i < missing.count && missing.count != expected; i++)
		dprintf(STDERR_FILENO, "%s: %s\n", way->name, missing.items[i]);
	CHECK(missing.count == expected);
}

#endif
