/* Landlock, by its system calls. The rights are named here, as the headers that certwright is built
 * with are often older than the kernel that it runs on; landlock(7) describes them. */
#include "base/sandbox_parts.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same numbers on all architectures. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { ASK_VERSION = 1, PATH_BENEATH = 1 };

#define BIT(number) (UINT64_C(1) << (number))
#define FS_READ_FILE BIT(2)
#define FS_READ_DIR BIT(3)
#define NET_BIND_TCP BIT(0)
#define NET_CONNECT_TCP BIT(1)
#define SCOPE_ABSTRACT_UNIX_SOCKET BIT(0)
#define SCOPE_SIGNAL BIT(1)

struct ruleset {
	uint64_t files;
	uint64_t network;
	uint64_t scoped;
};

struct path_rule {
	uint64_t allowed;
	int32_t descriptor;
} __attribute__((packed));

/* What the kernel's version can forbid; all that is not allowed below. */
static struct ruleset
forbidden(long version, bool network)
{
	struct ruleset rules = {.files = BIT(13) - 1};

	if (version >= 2)
		rules.files |= BIT(13); /* moving between folders */
	if (version >= 3)
		rules.files |= BIT(14); /* truncating */
	if (version >= 4)
		rules.network = network ? NET_BIND_TCP : NET_BIND_TCP | NET_CONNECT_TCP;
	if (version >= 5)
		rules.files |= BIT(15); /* ioctl(2) of devices */
	if (version >= 6)
		rules.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
	return rules;
}

static bool
allow_reading(int ruleset, const char *path)
{
	cw_autoclose int descriptor = open(path, O_PATH | O_CLOEXEC);
	struct path_rule rule = {.allowed = FS_READ_FILE, .descriptor = descriptor};
	struct stat status;

	if (descriptor < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
	if (fstat(descriptor, &status) != 0)
		return false;
	if (S_ISDIR(status.st_mode))
		rule.allowed |= FS_READ_DIR;
	return syscall(ADD_RULE, ruleset, PATH_BENEATH, &rule, 0) == 0;
}

static bool
enter(long version, const struct cw_sandbox *sandbox)
{
	struct ruleset rules = forbidden(version, sandbox->network);
	cw_autoclose int ruleset = (int)syscall(CREATE_RULESET, &rules, sizeof(rules), 0);

	if (ruleset < 0)
		return false;
	for (const char *const *path = sandbox->readable; path != NULL && *path != NULL; path++) {
		if (!allow_reading(ruleset, *path))
			return false;
	}
	return syscall(RESTRICT_SELF, ruleset, 0) == 0;
}

void
cw_sandbox_landlock(const struct cw_sandbox *sandbox, struct cw_strv *missing)
{
	long version;

	if (sandbox->without_landlock) {
		cw_strv_add(missing, CW_SANDBOX_LANDLOCK ": left out");
		return;
	}
	version = syscall(CREATE_RULESET, NULL, (size_t)0, ASK_VERSION);
	if (version > 0 && enter(version, sandbox))
		return;
	if (errno == ENOSYS)
		cw_strv_add(missing, CW_SANDBOX_LANDLOCK ": the kernel does not have it");
	else if (errno == EOPNOTSUPP)
		cw_strv_add(missing, CW_SANDBOX_LANDLOCK ": it is switched off in the kernel");
	else
		cw_strv_addf(missing, CW_SANDBOX_LANDLOCK ": %s", strerror(errno));
}

#endif
