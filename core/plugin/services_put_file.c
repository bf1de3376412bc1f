/* The service that writes files with a mode and an owner. */
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include "base/text.h"
#include "plugin/instance_internal.h"

#define FILE_SIZE CW_SIZE_1_0(struct cw_file, secret)

/* NAME is that of a user, or a number. NULL: (uid_t)-1. */
static int
find_user(const char *name, uid_t *user, struct cw_error *error)
{
	const struct passwd *entry;
	uint64_t number;

	*user = (uid_t)-1;
	if (name == NULL)
		return CW_OK;
	if (cw_parse_uint(name, UINT32_MAX - 1, &number)) {
		*user = (uid_t)number;
		return CW_OK;
	}
	entry = getpwnam(name);
	if (entry == NULL)
		return cw_fail(error, CW_E_NOT_FOUND, "there is no user \"%s\"", name);
	*user = entry->pw_uid;
	return CW_OK;
}

static int
find_group(const char *name, gid_t *group, struct cw_error *error)
{
	const struct group *entry;
	uint64_t number;

	*group = (gid_t)-1;
	if (name == NULL)
		return CW_OK;
	if (cw_parse_uint(name, UINT32_MAX - 1, &number)) {
		*group = (gid_t)number;
		return CW_OK;
	}
	entry = getgrnam(name);
	if (entry == NULL)
		return cw_fail(error, CW_E_NOT_FOUND, "there is no group \"%s\"", name);
	*group = entry->gr_gid;
	return CW_OK;
}

/* What is wrong with FILE; NULL: nothing. */
static const char *
misuse(const struct cw_file *file)
{
	if (file == NULL || file->size < FILE_SIZE)
		return "the description of the file is cut short";
	if (file->path == NULL || file->path[0] != '/')
		return "the path is not absolute";
	if ((file->data == NULL && file->length > 0) ||
	    (file->expected == NULL && file->expected_length > 0))
		return "there is a length without data";
	if (file->mode > 0777)
		return "the mode has more than permission bits";
	if (file->secret && (file->mode & (S_IRWXO | S_IWGRP)) != 0)
		return "all users could read a file with a secret, or its group write it";
	return NULL;
}

int
cw_service_put_file(const struct cw_host *host, const struct cw_file *file)
{
	struct cw_error *error = cw_host_error(host);
	struct cw_checkpoint_file wanted;
	const char *wrong;
	int status;

	status = cw_host_may(host, "put_file");
	if (status != CW_OK)
		return status;
	wrong = misuse(file);
	if (wrong != NULL)
		return cw_host_misused(host, "put_file", wrong);
	wanted = (struct cw_checkpoint_file){
		.data = file->data,
		.length = file->length,
		.expected = file->expected,
		.expected_length = file->expected_length,
		.secret = file->secret != 0,
		.mode = file->mode,
	};
	status = find_user(file->owner, &wanted.owner, error);
	if (status == CW_OK)
		status = find_group(file->group, &wanted.group, error);
	return status == CW_OK
		       ? cw_checkpoints_put(cw_host_checkpoints(host), file->path, &wanted, error)
		       : status;
}
