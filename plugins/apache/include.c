#include "include.h"
#include <dirent.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 20 /* of folders, as Apache's */ };

void
paths_clear(struct paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i]);
	free(paths->items);
	memset(paths, 0, sizeof(*paths));
}

void
paths_add(struct paths *paths, const char *path)
{
	if ((paths->count & (paths->count - 1)) == 0)
		paths->items = memory_resize(paths->items, paths->count > 0 ? paths->count * 2 : 1,
					     sizeof(*paths->items));
	paths->items[paths->count++] = memory_copy(path, strlen(path));
}

/* By folder names first: "/" is before all other bytes. */
static int
compare(const void *first, const void *second)
{
	const unsigned char *a = *(const unsigned char *const *)first;
	const unsigned char *b = *(const unsigned char *const *)second;

	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	if (*a == '\0' || *b == '\0')
		return (int)*a - (int)*b;
	return (*a == '/' ? 0 : *a) - (*b == '/' ? 0 : *b);
}

void
paths_sort(struct paths *paths)
{
	size_t count = 0;

	if (paths->count > 1)
		qsort(paths->items, paths->count, sizeof(*paths->items), compare);
	for (size_t i = 0; i < paths->count; i++) {
		if (count > 0 && strcmp(paths->items[i], paths->items[count - 1]) == 0)
			free(paths->items[i]);
		else
			paths->items[count++] = paths->items[i];
	}
	paths->count = count;
}

static bool
is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void
add_folder(const char *path, unsigned depth, struct paths *paths)
{
	struct paths found = {0};
	DIR *folder = depth < DEPTH_MAX ? opendir(path) : NULL;
	struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		autofree char *full = memory_format("%s/%s", path, entry->d_name);

		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			paths_add(&found, full);
	}
	if (folder != NULL)
		closedir(folder);
	paths_sort(&found);
	for (size_t i = 0; i < found.count; i++) {
		if (is_folder(found.items[i]))
			add_folder(found.items[i], depth + 1, paths);
		else
			paths_add(paths, found.items[i]);
	}
	paths_clear(&found);
}

void
include_find(const char *pattern, struct paths *paths)
{
	glob_t found = {0};
	autofree char *path = memory_copy(pattern, strlen(pattern));

	for (size_t end = strlen(path); end > 1 && path[end - 1] == '/'; end--)
		path[end - 1] = '\0';
	if (strpbrk(path, "*?[") == NULL) {
		if (is_folder(path))
			add_folder(path, 0, paths);
		else
			paths_add(paths, path);
		return;
	}
	if (glob(path, GLOB_NOSORT, NULL, &found) != 0)
		return;
	qsort(found.gl_pathv, found.gl_pathc, sizeof(*found.gl_pathv), compare);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (is_folder(found.gl_pathv[i]))
			add_folder(found.gl_pathv[i], 0, paths);
		else
			paths_add(paths, found.gl_pathv[i]);
	}
	globfree(&found);
}
