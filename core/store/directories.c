#include "store/directories.h"

#include "base/file.h"
#include "base/log.h"
#include "store/lineage_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where an administrator and other packages expect to put hooks. */
static int
make_hook_folders(const char *config_dir, struct cw_error *error)
{
	static const char *const kinds[] = {"pre", "deploy", "post"};
	int status = CW_OK;

	for (size_t i = 0; i < CW_COUNT(kinds) && status == CW_OK; i++) {
		cw_autofree char *path = cw_format("%s/renewal-hooks/%s", config_dir, kinds[i]);

		status = cw_folder_make(path, 0755, error);
	}
	return status;
}

int
cw_directories_make(const struct cw_directories *directories, struct cw_error *error)
{
	const struct {
		const char *path, *option, *what;
		mode_t mode;
	} wanted[] = {
		{directories->config, "--config-dir", "configuration", 0755},
		{directories->work, "--work-dir", "work", 0755},
		{directories->logs, "--logs-dir", "logs", 0700},
	};

	for (size_t i = 0; i < CW_COUNT(wanted); i++) {
		int status = cw_folder_make(wanted[i].path, wanted[i].mode, error);

		if (status == CW_OK)
			continue;
		cw_hint(error, "run this as root, or give another folder with %s",
			wanted[i].option);
		return cw_context(error, "cannot create the %s folder \"%s\" (%s)", wanted[i].what,
				  wanted[i].path, wanted[i].option);
	}
	return make_hook_folders(directories->config, error);
}

static int
check_strictly(const char *path, mode_t allowed, struct cw_error *error)
{
	struct stat status;
	mode_t mode;

	if (stat(path, &status) != 0)
		return errno == ENOENT ? CW_OK : cw_fail_path(error, errno, "check", path);
	mode = status.st_mode & 0777;
	if (status.st_uid == geteuid() && (mode & ~allowed) == 0)
		return CW_OK;
	if (status.st_uid != geteuid())
		cw_fail(error, CW_E_PERMISSION, "\"%s\" belongs to another user", path);
	else
		cw_fail(error, CW_E_PERMISSION, "\"%s\" has the permissions %03o", path,
			(unsigned)mode);
	cw_hint(error, "%s it, or leave out --strict-permissions",
		status.st_uid != geteuid() ? "change the owner of"
		: allowed == 0700          ? "chmod 700"
					   : "chmod 755");
	return CW_E_PERMISSION;
}

int
cw_directories_check(const struct cw_directories *directories, struct cw_error *error)
{
	const struct {
		const char *base, *name;
		mode_t allowed;
	} folders[] = {
		{directories->config, "", 0755},
		{directories->config, "/accounts", 0700},
		{directories->config, "/renewal", 0755},
		{directories->config, "/live", 0755},
		{directories->config, "/archive", 0755},
		{directories->config, "/renewal-hooks", 0755},
		{directories->config, "/renewal-hooks/pre", 0755},
		{directories->config, "/renewal-hooks/deploy", 0755},
		{directories->config, "/renewal-hooks/post", 0755},
		{directories->work, "", 0755},
		{directories->work, "/backups", 0755},
		{directories->logs, "", 0700},
	};
	int status = CW_OK;

	for (size_t i = 0; i < CW_COUNT(folders) && status == CW_OK; i++) {
		cw_autofree char *path = cw_format("%s%s", folders[i].base, folders[i].name);

		status = check_strictly(path, folders[i].allowed, error);
	}
	return status;
}

bool
cw_is_same_folder(const char *a, const char *b)
{
	struct stat first, second;

	return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

bool
cw_directories_have(const struct cw_directories *directories, const char *folder)
{
	return cw_is_same_folder(folder, directories->config) ||
	       cw_is_same_folder(folder, directories->work) ||
	       cw_is_same_folder(folder, directories->logs);
}

void
cw_directories_clear(struct cw_directories *directories)
{
	free(directories->config);
	free(directories->work);
	free(directories->logs);
	*directories = (struct cw_directories){0};
}

static int
check_private(const char *path, struct cw_error *error)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return cw_fail_path(error, errno, "use the folder", path);
	if (S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
	    (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return CW_OK;
	cw_fail(error, CW_E_PERMISSION,
		"\"%s\" must be a folder that belongs to this user and that no other user can "
		"write to",
		path);
	cw_hint(error, "check its contents, then remove it; it will be created again");
	return CW_E_PERMISSION;
}

int
cw_private_folder(const char *work, const char *name, bool make, char **folder,
		  struct cw_error *error)
{
	cw_autofree char *parent = cw_format("%s/certwright", work);
	cw_autofree char *path = cw_format("%s/%s", parent, name);
	int status;

	*folder = NULL;
	if (make) {
		status = cw_folder_make(parent, 0700, error);
		if (status == CW_OK)
			status = cw_folder_make(path, 0700, error);
		if (status != CW_OK)
			return status;
	}
	status = check_private(parent, error);
	if (status == CW_OK)
		status = check_private(path, error);
	if (status == CW_OK)
		*folder = cw_take(&path);
	return status;
}

static void
sweep_folder(const char *folder)
{
	cw_auto_strv struct cw_strv names = {0};

	if (cw_folder_list(folder, true, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, names.items[i]);

		if (cw_is_temporary(names.items[i]) && unlink(path) != 0 && errno != ENOENT)
			cw_log_warning("cannot remove \"%s\", which an earlier run left behind: %s",
				       path, strerror(errno));
	}
}

void
cw_work_sweep(const char *work)
{
	cw_autofree char *parent = cw_format("%s/certwright", work);
	cw_auto_strv struct cw_strv names = {0};

	if (cw_folder_list(parent, true, &names, NULL) < 0)
		return;
	sweep_folder(parent);
	for (size_t i = 0; i < names.count; i++) {
		cw_autofree char *folder = NULL;

		if (cw_private_folder(work, names.items[i], false, &folder, NULL) == CW_OK)
			sweep_folder(folder);
	}
}
