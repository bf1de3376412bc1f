#include "base/file.h"
#include "base/text.h"
#include "store/undo_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_ONLY = O_PATH | O_DIRECTORY | O_CLOEXEC };

/* The path by which the kernel knows DESCRIPTOR: PATH may lead to it through /proc/self/fd. NULL if
 * there is no /proc. */
static char *
kernel_path(int descriptor)
{
	cw_autofree char *link = cw_format("/proc/self/fd/%d", descriptor);

	return realpath(link, NULL);
}

int
cw_undo_place_find(const char *path, struct cw_undo_place *place, struct cw_error *error)
{
	cw_autofree char *folder = cw_path_folder(path);
	cw_autoclose int descriptor = open(folder, LOOK_ONLY);
	struct stat status;

	*place = (struct cw_undo_place){.rest = cw_strdup(cw_path_base(path))};
	/* Folders may be made later than what is to be undone in them is registered. */
	while (descriptor < 0 && errno == ENOENT && strcmp(folder, "/") != 0) {
		char *parent = cw_path_folder(folder);
		char *rest = cw_format("%s/%s", cw_path_base(folder), place->rest);

		free(folder);
		folder = parent;
		free(place->rest);
		place->rest = rest;
		descriptor = open(folder, LOOK_ONLY);
	}
	if (descriptor < 0 || fstat(descriptor, &status) != 0)
		return cw_fail_path(error, errno, "open", folder);
	place->folder = kernel_path(descriptor);
	if (place->folder == NULL)
		place->folder = realpath(folder, NULL);
	if (place->folder == NULL)
		return cw_fail_path(error, errno, "open", folder);
	place->device = (uint64_t)status.st_dev;
	place->inode = (uint64_t)status.st_ino;
	return CW_OK;
}

void
cw_undo_place_clear(struct cw_undo_place *place)
{
	free(place->folder);
	free(place->rest);
	*place = (struct cw_undo_place){0};
}

/* Goes on from the folder open at FROM, which is closed, through PARTS; -1 with errno. */
static int
walk(int from, const char *parts)
{
	cw_auto_strv struct cw_strv names = {0};
	int folder = from;

	cw_strv_split(&names, parts, '/');
	for (size_t i = 0; i < names.count && folder >= 0; i++) {
		int next, number;

		if (names.items[i][0] == '\0')
			continue;
		next = openat(folder, names.items[i], LOOK_ONLY | O_NOFOLLOW);
		number = errno;
		close(folder);
		folder = next;
		errno = number;
	}
	return folder;
}

int
cw_undo_place_open(const struct cw_undo_place *place, bool same_boot)
{
	cw_autofree char *between = cw_path_folder(place->rest);
	int folder = open("/", LOOK_ONLY);
	struct stat status;

	if (folder >= 0)
		folder = walk(folder, place->folder);
	if (folder < 0)
		return -1;
	if (fstat(folder, &status) != 0 || (uint64_t)status.st_ino != place->inode ||
	    (same_boot && (uint64_t)status.st_dev != place->device)) {
		close(folder);
		errno = ESTALE;
		return -1;
	}
	return strcmp(between, ".") == 0 ? folder : walk(folder, between);
}
