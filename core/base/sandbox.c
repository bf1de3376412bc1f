#include "base/sandbox.h"
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "base/file.h"
#include "base/sandbox_parts.h"
#ifdef __linux__
#include <sys/prctl.h>
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

const char *const cw_sandbox_resolver_files[] = {
	"/etc/resolv.conf",
	"/etc/hosts",
	"/etc/host.conf",
	"/etc/nsswitch.conf",
	"/etc/gai.conf",
	"/etc/services",
	"/etc/protocols",
	"/etc/ld.so.cache",
	"/run/systemd/resolve",
	"/run/resolvconf",
	"/run/NetworkManager",
	"/lib",
	"/lib64",
	"/usr/lib",
	"/usr/lib64",
	"/usr/local/lib",
	NULL,
};

const char *
cw_sandbox_default_user(void)
{
	static const char own[] = "_certwright";

	return getpwnam(own) != NULL ? own : "nobody";
}

void
cw_keep_memory_private(void)
{
#ifdef __linux__
	/* Not RLIMIT_CORE, which a server that a hook starts would inherit. */
	prctl(PR_SET_DUMPABLE, 0);
#else
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) == 0) {
		limit.rlim_cur = 0;
		setrlimit(RLIMIT_CORE, &limit);
	}
#endif
}

static void
forbid_core_files(struct cw_strv *missing)
{
	const struct rlimit none = {0, 0};

	cw_keep_memory_private();
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		cw_strv_addf(missing, CW_SANDBOX_CORE ": %s", strerror(errno));
}

static int
check_threads(struct cw_error *error)
{
	cw_auto_strv struct cw_strv threads = {0};

	if (cw_folder_list("/proc/self/task", true, &threads, NULL) == CW_OK && threads.count > 1)
		return cw_fail(error, CW_E_INVALID,
			       "cannot enter the sandbox: there are %zu threads", threads.count);
	return CW_OK;
}

#ifdef __linux__

static void
forbid_privileges(struct cw_strv *missing)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		cw_strv_addf(missing, CW_SANDBOX_PRIVILEGES ": %s", strerror(errno));
}

static int
become(const char *user, struct cw_strv *missing, struct cw_error *error)
{
	int death_signal = 0;
	int status;

	prctl(PR_GET_PDEATHSIG, &death_signal);
	status = cw_sandbox_become(user, missing, error);
	/* A change of the user takes both back. */
	prctl(PR_SET_PDEATHSIG, death_signal);
	cw_keep_memory_private();
	if (!cw_sandbox_drop_capabilities())
		cw_strv_addf(missing, CW_SANDBOX_PRIVILEGES ": cannot give up capabilities: %s",
			     strerror(errno));
	return status;
}

int
cw_sandbox_enter(const struct cw_sandbox *sandbox, struct cw_strv *missing, struct cw_error *error)
{
	int status = check_threads(error);

	if (status != CW_OK)
		return status;
	/* The time zone is a file too. */
	tzset();
#ifdef __SANITIZE_ADDRESS__
	/* At the end it could not be done any more: it takes a process that traces this one. */
	__lsan_do_leak_check();
#endif
	forbid_core_files(missing);
	forbid_privileges(missing);
	status = become(sandbox->user, missing, error);
	if (status != CW_OK)
		return status;
	cw_sandbox_map_seccomp(sandbox);
	cw_sandbox_landlock(sandbox, missing);
	cw_sandbox_seccomp(sandbox, missing);
	return CW_OK;
}

#else

int
cw_sandbox_enter(const struct cw_sandbox *sandbox, struct cw_strv *missing, struct cw_error *error)
{
	static const char *const lacking[] = {CW_SANDBOX_PRIVILEGES, CW_SANDBOX_LANDLOCK,
					      CW_SANDBOX_SECCOMP};
	int status = check_threads(error);

	if (status != CW_OK)
		return status;
	forbid_core_files(missing);
	for (size_t i = 0; i < CW_COUNT(lacking); i++)
		cw_strv_addf(missing, "%s: this system has none", lacking[i]);
	return cw_sandbox_become(sandbox->user, missing, error);
}

#endif
