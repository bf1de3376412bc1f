#include "flow/agent/modes.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/permissions.h"
#include "base/text.h"
#include "store/stand_in.h"

struct rights {
	uid_t owner;
	gid_t group;
	mode_t mode; /* of the key; 0: it stays */
};

static int
fail_unknown(const char *what, const char *name, struct cw_error *error)
{
	cw_fail(error, CW_E_NOT_FOUND, "there is no %s \"%s\"", what, name);
	cw_hint(error, "create it, or change the option \"%s\"",
		strcmp(what, "user") == 0 ? "owner" : "group");
	return CW_E_NOT_FOUND;
}

static int
find_rights(const struct cw_managed *managed, struct rights *rights, struct cw_error *error)
{
	uint64_t number;

	*rights = (struct rights){(uid_t)-1, (gid_t)-1, 0};
	if (managed->owner != NULL && cw_parse_uint(managed->owner, UINT32_MAX - 1, &number)) {
		rights->owner = (uid_t)number;
	} else if (managed->owner != NULL) {
		const struct passwd *user = getpwnam(managed->owner);

		if (user == NULL)
			return fail_unknown("user", managed->owner, error);
		rights->owner = user->pw_uid;
	}
	if (managed->group != NULL && cw_parse_uint(managed->group, UINT32_MAX - 1, &number)) {
		rights->group = (gid_t)number;
	} else if (managed->group != NULL) {
		const struct group *group = getgrnam(managed->group);

		if (group == NULL)
			return fail_unknown("group", managed->group, error);
		rights->group = group->gr_gid;
	}
	if (managed->mode != NULL)
		rights->mode = (mode_t)strtoul(managed->mode, NULL, 8);
	return CW_OK;
}

static int
set_rights(const char *path, const struct rights *rights, bool is_key, struct cw_error *error)
{
	cw_autoclose int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (file < 0 || fstat(file, &status) != 0)
		return cw_fail_path(error, errno, "open", path);
	if (((rights->owner != (uid_t)-1 && rights->owner != status.st_uid) ||
	     (rights->group != (gid_t)-1 && rights->group != status.st_gid)) &&
	    fchown(file, rights->owner, rights->group) != 0)
		return cw_fail_path(error, errno, "change the owner of", path);
	if (is_key && rights->mode != 0 && (status.st_mode & 07777) != rights->mode &&
	    fchmod(file, rights->mode) != 0)
		return cw_fail_path(error, errno, "change the mode of", path);
	return CW_OK;
}

/* With --strict-permissions the folders stay closed. */
static int
open_way(const char *config_dir, const char *part, struct cw_error *error)
{
	cw_autofree char *path = cw_format("%s/%s", config_dir, part);
	struct stat status;

	if (cw_permissions_are_strict() || stat(path, &status) != 0 ||
	    (status.st_mode & 0011) == 0011)
		return CW_OK;
	if (chmod(path, (status.st_mode & 07777) | 0011) != 0)
		return cw_fail_path(error, errno, "change the mode of", path);
	return CW_OK;
}

int
cw_agent_set_modes(const char *config_dir, const struct cw_managed *managed, struct cw_error *error)
{
	struct cw_live_folder folder;
	struct rights rights;
	int status;

	if (managed->owner == NULL && managed->group == NULL && managed->mode == NULL)
		return CW_OK;
	cw_live_look(config_dir, managed->name, &folder);
	if (folder.origin == CW_ORIGIN_NONE || (folder.files != 0 && !folder.ours))
		return CW_OK;
	status = find_rights(managed, &rights, error);
	for (unsigned i = 0; i < CW_KIND_COUNT && status == CW_OK; i++) {
		cw_autofree char *path = cw_format("%s/live/%s/%s.pem", config_dir, managed->name,
						   cw_kind_name((enum cw_kind)i));

		status = set_rights(path, &rights, i == CW_KIND_PRIVKEY, error);
	}
	if (status == CW_OK)
		status = open_way(config_dir, "live", error);
	return status == CW_OK ? open_way(config_dir, "archive", error) : status;
}
