/* Checkpoints over the files of a scratch folder. Include after <cmocka.h>. */
#ifndef CW_TESTS_CHECKPOINT_FIXTURE_H
#define CW_TESTS_CHECKPOINT_FIXTURE_H

#include "scratch.h"

#define PROGRESS "work/IN_PROGRESS"
#define TEMPORARY "work/temp_checkpoint"
#define BACKUPS "work/backups"

static char *work, *config;
static struct cw_checkpoints *checkpoints;

static inline int
set_up(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	work = scratch_path("work");
	config = scratch_path("config");
	scratch_write("config/cli.ini", "", 0644);
	scratch_write("etc/site.conf", "old\n", 0640);
	assert_int_equal(cw_folder_make(work, 0755, NULL), CW_OK);
	checkpoints = cw_checkpoints_open(work, config, false);
	return 0;
}

static inline int
tear_down(void **state)
{
	cw_checkpoints_close(checkpoints);
	cw_checkpoints_close(NULL);
	free(cw_take(&work));
	free(cw_take(&config));
	return scratch_remove(state);
}

static inline int
try_write(struct cw_checkpoints *to, const char *name, const char *text, const char *expected)
{
	cw_autofree char *path = scratch_path(name);

	return cw_checkpoints_write(to, path, text, strlen(text), expected,
				    expected == NULL ? 0 : strlen(expected), NULL);
}

static inline void
edit(const char *name, const char *text)
{
	assert_int_equal(try_write(checkpoints, name, text, NULL), CW_OK);
	assert_true(scratch_says(name, text));
}

static inline void
revert(void)
{
	assert_int_equal(cw_checkpoints_revert(checkpoints, NULL), CW_OK);
	assert_false(scratch_has(PROGRESS));
	assert_false(scratch_has(TEMPORARY));
}

static inline bool
recover(void)
{
	bool reverted = false;

	assert_int_equal(cw_checkpoints_recover(work, config, &reverted, NULL), CW_OK);
	return reverted;
}

static inline bool
lists(const char *list, const char *name)
{
	cw_autofree char *line = cw_format("%s/%s\n", scratch, name);

	return scratch_says(list, line);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
