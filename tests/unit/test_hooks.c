/* Pre, post and deploy hooks: their order, how often they run, and their environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "hooks/hooks.h"
#include <cmocka.h>

static char folder[64];

static int
make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/cw-hooks-XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	return cw_tree_remove(folder, NULL);
}

/* A hook in renewal-hooks/KIND/ that writes TEXT, expanded by the shell, to the record. */
static void
add_hook(const char *kind, const char *name, const char *text, mode_t mode)
{
	cw_autofree char *path = cw_format("%s/renewal-hooks/%s", folder, kind);
	cw_autofree char *file = cw_format("%s/%s", path, name);
	cw_autofree char *script = cw_format("#!/bin/sh\necho \"%s\" >>%s/record\n", text, folder);
	struct cw_file_mode file_mode = {.mode = mode, .owner = (uid_t)-1, .group = (gid_t)-1};

	assert_int_equal(cw_folder_make(path, 0755, NULL), CW_OK);
	assert_int_equal(cw_file_write(file, script, strlen(script), &file_mode, NULL), CW_OK);
}

static char *
command(const char *text)
{
	return cw_format("echo \"%s\" >>%s/record", text, folder);
}

static void
assert_record(const char *expected)
{
	cw_auto_buf struct cw_buf record = {0};
	cw_autofree char *path = cw_format("%s/record", folder);

	if (*expected != '\0' || cw_file_exists(path))
		assert_int_equal(cw_file_read(path, 65536, &record, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&record), expected);
}

static struct cw_hooks *
new_hooks(bool directory_hooks, unsigned limit)
{
	struct cw_hooks_options options = {
		.config_dir = folder, .directory_hooks = directory_hooks, .time_limit = limit};

	return cw_hooks_new(&options);
}

static void
test_pre_hooks_run_once_each_the_folder_first(void **state)
{
	struct cw_hooks *hooks = new_hooks(true, 0);
	cw_autofree char *one = command("one");
	cw_autofree char *two = command("two");

	(void)state;
	add_hook("pre", "b", "folder b", 0755);
	add_hook("pre", "a", "folder a", 0755);
	add_hook("pre", "c~", "backup file", 0755);
	add_hook("pre", "d", "not executable", 0644);
	cw_hooks_pre(hooks, one);
	cw_hooks_pre(hooks, one);
	cw_hooks_pre(hooks, two);
	cw_hooks_pre(hooks, NULL);
	assert_record("folder a\nfolder b\none\ntwo\n");
	cw_hooks_free(hooks);
}

static void
test_post_hooks_get_the_names_that_were_renewed_and_that_failed(void **state)
{
	struct cw_hooks *hooks = new_hooks(true, 0);
	cw_auto_strv struct cw_strv renewed = {0}, failed = {0};
	cw_autofree char *post = command("post $RENEWED_DOMAINS / $FAILED_DOMAINS");

	(void)state;
	add_hook("post", "a", "folder $RENEWED_DOMAINS / $FAILED_DOMAINS", 0755);
	cw_strv_add(&renewed, "a.example");
	cw_strv_add(&renewed, "b.example");
	cw_strv_add(&failed, "c.example");
	cw_hooks_post(hooks, &renewed, &failed);
	assert_record("");
	cw_hooks_post_later(hooks, post);
	cw_hooks_post_later(hooks, post);
	cw_hooks_post(hooks, &renewed, &failed);
	cw_hooks_post(hooks, &renewed, &failed);
	assert_record(
		"folder a.example b.example / c.example\npost a.example b.example / c.example\n");
	cw_hooks_free(hooks);
}

static void
test_deploy_hooks_get_the_lineage(void **state)
{
	struct cw_hooks *hooks = new_hooks(true, 0);
	cw_auto_strv struct cw_strv names = {0};
	cw_autofree char *in_folder = cw_format("%s/renewal-hooks/deploy/a", folder);
	cw_autofree char *deploy = command("deploy $RENEWED_LINEAGE");

	(void)state;
	add_hook("deploy", "a", "folder $RENEWED_LINEAGE $RENEWED_DOMAINS", 0755);
	cw_strv_add(&names, "a.example");
	cw_hooks_deploy(hooks, deploy, "/live/a.example", &names);
	/* One that stands in the folder is not run twice. */
	cw_hooks_deploy(hooks, in_folder, "/live/b.example", &names);
	assert_record("folder /live/a.example a.example\ndeploy /live/a.example\n"
		      "folder /live/b.example a.example\n");
	cw_hooks_free(hooks);
}

static void
test_directory_hooks_can_be_switched_off(void **state)
{
	struct cw_hooks *hooks = new_hooks(false, 0);
	cw_autofree char *pre = command("pre");

	(void)state;
	add_hook("pre", "a", "folder", 0755);
	cw_hooks_pre(hooks, pre);
	assert_record("pre\n");
	cw_hooks_free(hooks);
}

static void
test_a_hook_that_fails_or_hangs_does_not_stop_the_others(void **state)
{
	struct cw_hooks *hooks = new_hooks(true, 1);
	cw_autofree char *last = command("last");

	(void)state;
	cw_hooks_pre(hooks, "exit 3");
	cw_hooks_pre(hooks, "exec sleep 1000");
	cw_hooks_pre(hooks, last);
	assert_record("last\n");
	cw_hooks_free(hooks);
}

static void
test_validation_finds_programs_that_are_missing_or_not_executable(void **state)
{
	cw_auto_error struct cw_error error = {0};
	cw_autofree char *file = cw_format("%s/file", folder);
	struct cw_file_mode mode = {.mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1};

	(void)state;
	assert_int_equal(cw_file_write(file, "x", 1, &mode, NULL), CW_OK);
	assert_int_equal(cw_hook_validate("--pre-hook", NULL, NULL), CW_OK);
	assert_int_equal(cw_hook_validate("--pre-hook", "true && false", NULL), CW_OK);
	assert_int_equal(cw_hook_validate("--pre-hook", "A=b  /bin/sh -c x", NULL), CW_OK);
	assert_int_equal(cw_hook_validate("--pre-hook", "cd / && ls", NULL), CW_OK);
	assert_int_equal(cw_hook_validate("--pre-hook", "no-such-program x", &error),
			 CW_E_NOT_FOUND);
	assert_string_equal(error.message,
			    "cannot find the --pre-hook program \"no-such-program\"");
	assert_int_equal(cw_hook_validate("--post-hook", file, &error), CW_E_PERMISSION);
	assert_non_null(strstr(error.message, "not executable"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(test_pre_hooks_run_once_each_the_folder_first),
		TEST(test_post_hooks_get_the_names_that_were_renewed_and_that_failed),
		TEST(test_deploy_hooks_get_the_lineage),
		TEST(test_directory_hooks_can_be_switched_off),
		TEST(test_a_hook_that_fails_or_hangs_does_not_stop_the_others),
		TEST(test_validation_finds_programs_that_are_missing_or_not_executable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
