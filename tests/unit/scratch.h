/* A folder of its own for each test, and what tests do with files in it. Include after <cmocka.h>.
 */
#ifndef CW_TESTS_SCRATCH_H
#define CW_TESTS_SCRATCH_H

#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char *scratch;

static inline int
scratch_make(void **state)
{
	const char *parent = getenv("TMPDIR");
	cw_autofree char *named = cw_format("%s/cw-test-XXXXXX", parent == NULL ? "/tmp" : parent);

	(void)state;
	if (mkdtemp(named) == NULL)
		return -1;
	/* As the programs under test see it: with all links followed. */
	scratch = realpath(named, NULL);
	return scratch == NULL ? -1 : 0;
}

static inline int
scratch_remove(void **state)
{
	int status = cw_tree_remove(scratch, NULL);

	(void)state;
	free(cw_take(&scratch));
	return status;
}

/* Release with free(). */
static inline char *
scratch_path(const char *name)
{
	return cw_format("%s/%s", scratch, name);
}

static inline void
scratch_write(const char *name, const char *text, mode_t mode)
{
	const struct cw_file_mode how = {.mode = mode, .owner = (uid_t)-1, .group = (gid_t)-1};
	cw_autofree char *path = scratch_path(name);
	cw_autofree char *folder = cw_path_folder(path);

	assert_int_equal(cw_folder_make(folder, 0755, NULL), CW_OK);
	assert_int_equal(cw_file_write(path, text, strlen(text), &how, NULL), CW_OK);
}

static inline bool
scratch_says(const char *name, const char *text)
{
	cw_auto_buf struct cw_buf data = {0};
	cw_autofree char *path = scratch_path(name);

	return cw_file_read(path, 1 << 20, &data, NULL) == CW_OK &&
	       strcmp(cw_buf_text(&data), text) == 0;
}

static inline bool
scratch_has(const char *name)
{
	cw_autofree char *path = scratch_path(name);

	return cw_file_exists(path);
}

static inline mode_t
scratch_mode(const char *name)
{
	cw_autofree char *path = scratch_path(name);
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode & 07777;
}

/* How many entries a folder has; none when it is missing. */
static inline size_t
scratch_count(const char *name)
{
	cw_auto_strv struct cw_strv names = {0};
	cw_autofree char *path = scratch_path(name);

	assert_int_equal(cw_folder_list(path, true, &names, NULL), CW_OK);
	return names.count;
}

#endif
