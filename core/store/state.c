#include "store/state.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "store/directories.h"
#include "store/lineage.h"
#include "store/lineage_files.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "state"

static int
check_key(const char *key, struct cw_error *error)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	size_t length = strlen(key);

	if (length > 0 && length <= CW_STATE_KEY_MAX && strspn(key, allowed) == length)
		return CW_OK;
	return cw_fail(error, CW_E_INVALID,
		       "a key of a plugin's state is 1 to %d letters, digits, \"_\", \".\" and "
		       "\"-\"",
		       CW_STATE_KEY_MAX);
}

/* *FOLDER: that of LINEAGE. */
static int
open_folder(const char *work, const char *lineage, bool make, char **folder, struct cw_error *error)
{
	cw_autofree char *parent = NULL;
	int status = cw_lineage_check_name(lineage, error);

	if (status == CW_OK)
		status = cw_private_folder(work, FOLDER, make, &parent, error);
	if (status != CW_OK)
		return status;
	*folder = cw_format("%s/%s", parent, lineage);
	return make ? cw_folder_make(*folder, 0700, error) : CW_OK;
}

/* Whether PLUGIN may have one key more. Removes what a killed run left half-written. */
static int
check_room(const char *folder, const char *plugin, struct cw_error *error)
{
	cw_autofree char *prefix = cw_format("%s.", plugin);
	cw_auto_strv struct cw_strv names = {0};
	size_t count = 0;
	int status = cw_folder_list(folder, false, &names, error);

	for (size_t i = 0; i < names.count; i++) {
		cw_autofree char *path = cw_format("%s/%s", folder, names.items[i]);

		if (cw_is_temporary(names.items[i]))
			unlink(path);
		else
			count += cw_starts_with(names.items[i], prefix);
	}
	if (status == CW_OK && count >= CW_STATE_KEYS_MAX)
		status = cw_fail(error, CW_E_INVALID,
				 "the plugin \"%s\" keeps more than %d values for one certificate",
				 plugin, CW_STATE_KEYS_MAX);
	return status;
}

int
cw_state_put(const char *work, const char *lineage, const char *plugin, const char *key,
	     const void *value, size_t length, struct cw_error *error)
{
	const struct cw_file_mode mode = {.mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *folder = NULL;
	cw_autofree char *path = NULL;
	int status = check_key(key, error);

	if (status == CW_OK && length > CW_STATE_VALUE_MAX)
		status = cw_fail(error, CW_E_INVALID,
				 "a value of a plugin's state has more than %d bytes",
				 CW_STATE_VALUE_MAX);
	if (status == CW_OK)
		status = open_folder(work, lineage, true, &folder, error);
	if (status != CW_OK)
		return status;
	path = cw_format("%s/%s.%s", folder, plugin, key);
	if (value == NULL) {
		if (unlink(path) != 0 && errno != ENOENT)
			return cw_fail_path(error, errno, "remove", path);
		return cw_folder_sync(folder, error);
	}
	if (!cw_file_exists(path))
		status = check_room(folder, plugin, error);
	return status == CW_OK ? cw_file_write(path, value, length, &mode, error) : status;
}

int
cw_state_get(const char *work, const char *lineage, const char *plugin, const char *key,
	     struct cw_buf *value, struct cw_error *error)
{
	cw_autofree char *folder = NULL;
	cw_autofree char *path = NULL;
	int status = check_key(key, error);

	if (status == CW_OK)
		status = open_folder(work, lineage, false, &folder, error);
	if (status == CW_OK) {
		path = cw_format("%s/%s.%s", folder, plugin, key);
		status = cw_file_read(path, CW_STATE_VALUE_MAX, value, error);
	}
	if (status != CW_E_NOT_FOUND)
		return status;
	cw_error_clear(error);
	return cw_fail(error, CW_E_NOT_FOUND, "the plugin \"%s\" keeps no \"%s\" for \"%s\"",
		       plugin, key, lineage);
}

void
cw_state_forget(const char *work, const char *lineage)
{
	cw_autofree char *folder = NULL;
	cw_auto_error struct cw_error error = {0};

	if (open_folder(work, lineage, false, &folder, NULL) == CW_OK &&
	    cw_tree_remove(folder, &error) != CW_OK)
		cw_log_warning("%s", error.message);
}

void
cw_state_sweep(const char *work, const char *config)
{
	cw_autofree char *folder = NULL;
	cw_auto_strv struct cw_strv names = {0};

	if (cw_private_folder(work, FOLDER, false, &folder, NULL) != CW_OK ||
	    cw_folder_list(folder, true, &names, NULL) != CW_OK)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (!cw_lineage_exists(config, names.items[i]))
			cw_state_forget(work, names.items[i]);
}
