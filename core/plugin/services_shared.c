/*
 * The store that the workers of a run share: one file a key, SHARED/<plugin>/<key>, put there by
 * rename so that nobody reads half of it. It lives no longer than the run and is not synced.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "plugin/instance_internal.h"
#include "plugin/services_remote.h"
#include "plugin/shared_store.h"

enum { VALUE_MAX = 64 * 1024 };

static char *
key_path(const struct cw_host *host, const char *key)
{
	const struct cw_instance *instance = cw_host_instance(host);

	return cw_format("%s/%s/%s", instance->services->shared_folder, instance->module->name,
			 key);
}

static int
put(const char *path, const char *temporary, const char *value, size_t length,
    struct cw_error *error)
{
	cw_autoclose int descriptor =
		open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int number;

	if (descriptor < 0)
		return cw_fail_errno(error, errno, "cannot make \"%s\"", temporary);
	number = cw_write_all(descriptor, value, length);
	if (number == 0 && rename(temporary, path) != 0)
		number = errno;
	if (number != 0) {
		unlink(temporary);
		return cw_fail_errno(error, number, "cannot write \"%s\"", path);
	}
	return CW_OK;
}

int
cw_service_shared_put(const struct cw_host *host, const char *key, const char *value, size_t length)
{
	const struct cw_instance *instance = cw_host_instance(host);
	struct cw_error *error = cw_host_error(host);
	cw_autofree char *path = NULL, *temporary = NULL, *folder = NULL;

	if (!cw_shared_key_valid(key) || (value != NULL && length > VALUE_MAX))
		return cw_host_misused(host, "shared_put",
				       "the key or the value is too long, or "
				       "the key has a character that may not "
				       "stand there");
	if (instance->services->ask != NULL)
		return cw_remote_shared_put(host, key, value, length);
	path = key_path(host, key);
	if (value == NULL) {
		if (unlink(path) != 0 && errno != ENOENT)
			return cw_fail_errno(error, errno, "cannot remove \"%s\"", path);
		return CW_OK;
	}
	folder = cw_path_folder(path);
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return cw_fail_errno(error, errno, "cannot make the folder \"%s\"", folder);
	/* Plugins' names hold no '~': this is nobody's folder. */
	temporary = cw_format("%s/%s~%ld", instance->services->shared_folder,
			      instance->module->name, (long)getpid());
	return put(path, temporary, value, length, error);
}

int
cw_service_shared_get(const struct cw_host *host, const char *key, char **data, size_t *length)
{
	struct cw_error *error = cw_host_error(host);
	cw_autofree char *path = NULL;
	cw_auto_buf struct cw_buf buf = {0};
	int status;

	*data = NULL;
	*length = 0;
	if (!cw_shared_key_valid(key))
		return cw_host_misused(host, "shared_get",
				       "the key is too long, or has a character that may not stand "
				       "there");
	if (cw_host_instance(host)->services->ask != NULL)
		return cw_remote_shared_get(host, key, data, length);
	path = key_path(host, key);
	if (!cw_file_exists(path))
		return cw_fail(error, CW_E_NOT_FOUND, "there is no shared value \"%s\"", key);
	status = cw_file_read(path, VALUE_MAX, &buf, error);
	if (status != CW_OK)
		return status;
	*length = buf.length;
	*data = cw_buf_take(&buf);
	return CW_OK;
}
