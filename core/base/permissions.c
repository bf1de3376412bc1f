#include "base/permissions.h"

#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/strv.h"

static struct {
	bool strict;
	struct cw_strv warned; /* paths */
} state;

void
cw_permissions_set_strict(bool strict)
{
	state.strict = strict;
}

int
cw_permissions_check(const char *what, const char *path, struct cw_error *error)
{
	struct stat status;
	bool foreign;

	if (stat(path, &status) != 0)
		return CW_OK;
	foreign = status.st_uid != 0 && status.st_uid != geteuid();
	if (!foreign && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return CW_OK;
	if (state.strict) {
		cw_fail(error, CW_E_PERMISSION,
			foreign ? "%s \"%s\" belongs to another user"
				: "other users can write to %s \"%s\"",
			what, path);
		cw_hint(error, "%s '%s', or leave --strict-permissions out",
			foreign ? "chown root" : "chmod go-w", path);
		return CW_E_PERMISSION;
	}
	if (cw_strv_add_unique(&state.warned, path))
		cw_log_warning(foreign ? "%s \"%s\" belongs to another user, who can change what "
					 "this command does; chown root '%s' puts that right"
				       : "other users can write to %s \"%s\", and change what this "
					 "command does; chmod go-w '%s' puts that right",
			       what, path, path);
	return CW_OK;
}
