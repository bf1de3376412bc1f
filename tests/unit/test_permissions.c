#include "base/permissions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"

enum { NOBODY = 65534 };

/* The file "a/b/file", which only we can change. */
static int
make(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	scratch_write("a/b/file", "words", 0644);
	return 0;
}

/* Asserts that NAME of the scratch folder is exposed by its part AT; NULL: by nothing. */
static void
check(const char *name, const char *at, bool foreign)
{
	cw_auto_exposure struct cw_exposure found = {0};
	cw_autofree char *path = scratch_path(name);
	cw_autofree char *expected = at != NULL ? scratch_path(at) : NULL;

	cw_permissions_look(path, &found);
	if (expected == NULL) {
		assert_null(found.path);
		return;
	}
	assert_non_null(found.path);
	assert_string_equal(found.path, expected);
	assert_int_equal(found.foreign, foreign);
}

static void
set_mode(const char *name, mode_t mode)
{
	cw_autofree char *path = scratch_path(name);

	assert_int_equal(chmod(path, mode), 0);
}

static void
give_away(const char *name)
{
	cw_autofree char *path = scratch_path(name);

	if (geteuid() != 0)
		skip();
	assert_int_equal(lchown(path, NOBODY, (gid_t)-1), 0);
}

static void
make_link(const char *target, const char *name)
{
	cw_autofree char *path = scratch_path(name);

	assert_int_equal(symlink(target, path), 0);
}

static void
test_what_only_we_can_change_is_not_exposed(void **state)
{
	(void)state;
	check("a/b/file", NULL, false);
	check("a/b", NULL, false);
	check("a/../a/./b//file", NULL, false);
}

static void
test_what_is_not_there_is_not_exposed_yet(void **state)
{
	(void)state;
	check("a/b/other", NULL, false);
	check("none/at/all", NULL, false);
	make_link("loop", "loop");
	check("loop", NULL, false);
}

static void
test_others_may_write_to_the_file(void **state)
{
	static const mode_t modes[] = {0664, 0646, 0666, 01666};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(modes); i++) {
		set_mode("a/b/file", modes[i]);
		check("a/b/file", "a/b/file", false);
	}
}

static void
test_others_may_write_to_a_folder_on_the_way(void **state)
{
	static const char *const folders[] = {"a", "a/b"};
	static const mode_t modes[] = {0775, 0757, 0777, 0733};

	(void)state;
	for (size_t folder = 0; folder < CW_COUNT(folders); folder++) {
		for (size_t i = 0; i < CW_COUNT(modes); i++) {
			set_mode(folders[folder], modes[i]);
			check("a/b/file", folders[folder], false);
			check("a/b/../b/file", folders[folder], false);
		}
		set_mode(folders[folder], 0755);
	}
}

static void
test_a_sticky_folder_keeps_what_is_ours(void **state)
{
	(void)state;
	set_mode("a", 01777);
	check("a/b/file", NULL, false);
	set_mode("a/b", 01777);
	check("a/b/file", NULL, false);
	/* Whoever obeys all that is in a folder is not helped by the bit. */
	check("a/b", "a/b", false);
	give_away("a/b/file");
	check("a/b/file", "a/b/file", true);
}

static void
test_another_user_owns_a_part_of_the_way(void **state)
{
	(void)state;
	give_away("a/b");
	check("a/b/file", "a/b", true);
	give_away("a");
	check("a/b/file", "a", true);
}

static void
test_every_link_on_the_way_counts(void **state)
{
	cw_autofree char *target = scratch_path("a/b");

	(void)state;
	scratch_write("links/file", "words", 0644);
	make_link("../a/b/file", "links/relative");
	make_link(target, "links/absolute");
	make_link("absolute/../b/file", "links/chain");
	check("links/relative", NULL, false);
	check("links/absolute/file", NULL, false);
	check("links/chain", NULL, false);
	set_mode("a", 0777);
	check("links/relative", "a", false);
	check("links/absolute/file", "a", false);
	check("links/chain", "a", false);
	set_mode("a", 0755);
	set_mode("links", 0777);
	check("links/relative", "links", false);
	/* The link of another user in a sticky folder leads where that user wants. */
	set_mode("links", 01777);
	check("links/relative", NULL, false);
	give_away("links/relative");
	check("links/relative", "links/relative", true);
	/* Nobody can change what a link says, only replace it. */
	set_mode("links", 0755);
	check("links/relative", NULL, false);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, scratch_remove)
	const struct CMUnitTest tests[] = {
		TEST(test_what_only_we_can_change_is_not_exposed),
		TEST(test_what_is_not_there_is_not_exposed_yet),
		TEST(test_others_may_write_to_the_file),
		TEST(test_others_may_write_to_a_folder_on_the_way),
		TEST(test_a_sticky_folder_keeps_what_is_ours),
		TEST(test_another_user_owns_a_part_of_the_way),
		TEST(test_every_link_on_the_way_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
