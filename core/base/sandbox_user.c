#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include "base/sandbox_parts.h"
#ifdef __linux__
#include <linux/capability.h>
#include <sys/syscall.h>
#endif

/* Who root was, in case it has to remain that. */
struct identity {
	gid_t group;
	gid_t *groups;
	int count;
};

bool
cw_sandbox_drop_capabilities(void)
{
#ifdef __linux__
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	return syscall(SYS_capset, &header, none) == 0;
#else
	return true;
#endif
}

static bool
remember(struct identity *identity)
{
	identity->group = getegid();
	identity->count = getgroups(0, NULL);
	if (identity->count < 0)
		return false;
	identity->groups = cw_calloc((size_t)identity->count + 1, sizeof(gid_t));
	identity->count = getgroups(identity->count, identity->groups);
	return identity->count >= 0;
}

/* Returns 0, or an errno: then nothing has changed, unless *HALF. */
static int
change(const struct passwd *user, const struct identity *before, bool *half)
{
	int number;

	if (setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0)
		return errno;
	if (setgroups(0, NULL) == 0) {
		if (setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == 0)
			return 0;
		number = errno;
		*half = setgroups((size_t)before->count, before->groups) != 0;
	} else {
		number = errno;
	}
	if (setresgid(before->group, before->group, before->group) != 0)
		*half = true;
	return number;
}

static int
check_no_way_back(const struct passwd *user, struct cw_error *error)
{
	uid_t users[3];
	gid_t groups[3];
	bool changed = getresuid(&users[0], &users[1], &users[2]) == 0 &&
		       getresgid(&groups[0], &groups[1], &groups[2]) == 0;

	for (size_t i = 0; i < CW_COUNT(users) && changed; i++)
		changed = users[i] == user->pw_uid && groups[i] == user->pw_gid;
	if (!changed || getgroups(0, NULL) != 0 || !cw_sandbox_drop_capabilities() ||
	    setresuid((uid_t)-1, 0, (uid_t)-1) == 0 || setgroups(0, NULL) == 0 ||
	    (user->pw_gid != 0 && setresgid((gid_t)-1, 0, (gid_t)-1) == 0))
		return cw_fail(error, CW_E_PERMISSION,
			       "having become the user \"%s\", this process could be root again",
			       user->pw_name);
	return CW_OK;
}

int
cw_sandbox_become(const char *name, struct cw_strv *missing, struct cw_error *error)
{
	struct identity before = {0};
	const struct passwd *user;
	bool half = false;
	int number;

	if (name == NULL || geteuid() != 0)
		return CW_OK;
	user = getpwnam(name);
	if (user == NULL || user->pw_uid == 0) {
		cw_strv_addf(missing,
			     user == NULL ? CW_SANDBOX_USER ": there is no user \"%s\""
					  : CW_SANDBOX_USER ": \"%s\" is root",
			     name);
		return CW_OK;
	}
	number = remember(&before) ? change(user, &before, &half) : errno;
	free(before.groups);
	if (number == 0)
		return check_no_way_back(user, error);
	if (half)
		return cw_fail_errno(error, number, "cannot become the user \"%s\"", name);
	/* In a container root may lack the right, or the user may not exist there. */
	cw_strv_addf(missing, CW_SANDBOX_USER ": cannot become \"%s\": %s", name, strerror(number));
	return CW_OK;
}
