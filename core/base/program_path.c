#include "base/program_path.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/strv.h"

#define DEFAULT_PATH "/usr/bin:/bin"

static const char *const appended[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/sbin"};

char *
cw_program_path(void)
{
	const char *value = getenv("PATH");
	cw_auto_strv struct cw_strv present = {0};
	cw_auto_strv struct cw_strv parts = {0};

	if (value == NULL || *value == '\0')
		value = DEFAULT_PATH;
	cw_strv_split(&present, value, ':');
	/* As it is: an empty part of it means the current folder. */
	cw_strv_add(&parts, value);
	for (size_t i = 0; i < CW_COUNT(appended); i++) {
		if (!cw_strv_contains(&present, appended[i]))
			cw_strv_add(&parts, appended[i]);
	}
	return cw_strv_join(&parts, ":");
}

bool
cw_is_executable_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

char *
cw_program_find(const char *name)
{
	cw_autofree char *path = cw_program_path();
	cw_auto_strv struct cw_strv folders = {0};

	cw_strv_split(&folders, path, ':');
	for (size_t i = 0; i < folders.count; i++) {
		cw_autofree char *candidate = cw_format("%s/%s", folders.items[i], name);

		if (cw_is_executable_file(candidate))
			return cw_take(&candidate);
	}
	return NULL;
}
