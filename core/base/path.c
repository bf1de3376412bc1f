#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
cw_file_exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

bool
cw_is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Adds PATH's parts, each with a '/' before it. */
static void
add_parts(struct cw_buf *buf, const char *path)
{
	while (*path != '\0') {
		size_t length = strcspn(path, "/");

		if (length > 0 && !(length == 1 && *path == '.')) {
			cw_buf_add_char(buf, '/');
			cw_buf_add(buf, path, length);
		}
		path += length;
		path += strspn(path, "/");
	}
}

char *
cw_path_absolute(const char *path)
{
	struct cw_buf absolute = {0};

	if (*path != '/') {
		cw_autofree char *here = getcwd(NULL, 0);

		/* The working directory may have been removed; its files cannot be named then. */
		if (here == NULL && errno == ENOMEM)
			cw_nomem();
		if (here != NULL)
			add_parts(&absolute, here);
		else
			return cw_strdup(path);
	}
	add_parts(&absolute, path);
	if (absolute.length == 0)
		cw_buf_add_char(&absolute, '/');
	return cw_buf_take(&absolute);
}

const char *
cw_path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

char *
cw_path_folder(const char *path)
{
	const char *end = strrchr(path, '/');

	if (end == NULL)
		return cw_strdup(".");
	while (end > path && end[-1] == '/')
		end--;
	return end == path ? cw_strdup("/") : cw_memdup(path, (size_t)(end - path));
}
