#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "store/lineage.h"
#include "store/stand_in.h"

#include "lineage_fixture.h"

static void
put(const struct cw_version_files *files, enum cw_origin origin, char **aside)
{
	assert_int_equal(cw_live_put(scratch, "a.test", files, origin, aside, NULL), CW_OK);
}

static struct cw_live_folder
look(void)
{
	struct cw_live_folder folder;

	cw_live_look(scratch, "a.test", &folder);
	return folder;
}

static void
test_files_of_ours_are_replaced_without_a_trace(void **state)
{
	char *aside;

	(void)state;
	assert_int_equal(look().origin, CW_ORIGIN_NONE);
	put(&first, CW_ORIGIN_SELF_SIGNED, &aside);
	assert_null(aside);
	assert_int_equal(look().origin, CW_ORIGIN_SELF_SIGNED);
	assert_true(look().ours);
	assert_true(cw_live_gives_way(scratch, "a.test"));
	assert_int_equal(scratch_mode("live/a.test/privkey.pem"), 0600);
	put(&second, CW_ORIGIN_PROVIDED, &aside);
	assert_null(aside);
	assert_int_equal(look().origin, CW_ORIGIN_PROVIDED);
	assert_true(scratch_says("live/a.test/privkey.pem", "key 2\n"));
	assert_int_equal(scratch_count("live"), 1);
	assert_false(scratch_has("aside"));
}

static void
test_files_that_somebody_changed_are_theirs(void **state)
{
	char *aside;

	(void)state;
	put(&first, CW_ORIGIN_SELF_SIGNED, &aside);
	scratch_write("live/a.test/privkey.pem", "my key\n", 0600);
	assert_int_equal(look().origin, CW_ORIGIN_PROVIDED);
	assert_false(look().ours);
	assert_false(look().marked);
	assert_false(cw_live_gives_way(scratch, "a.test"));
	assert_int_equal(cw_lineage_check_free(scratch, "a.test", NULL), CW_E_EXISTS);
	put(&second, CW_ORIGIN_SELF_SIGNED, &aside);
	assert_non_null(aside);
	assert_true(cw_starts_with(aside, scratch));
	cw_autofree char *kept = cw_format("%s/privkey.pem", aside + strlen(scratch) + 1);
	assert_true(scratch_says(kept, "my key\n"));
	free(aside);
}

static void
test_a_lineage_takes_the_place_of_what_gives_way(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = NULL;

	(void)state;
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *path =
			cw_format("live/a.test/%s.pem", cw_kind_name((enum cw_kind)i));

		scratch_write(path, "mine\n", 0600);
	}
	scratch_write("live/a.test/notes", "mine\n", 0600);
	assert_int_equal(cw_lineage_check_free(scratch, "a.test", NULL), CW_E_EXISTS);
	assert_int_equal(cw_live_mark(scratch, "a.test", CW_ORIGIN_PROVIDED, true, NULL), CW_OK);
	assert_true(look().yields);
	lineage = create("a.test");
	assert_int_equal(lineage->version, 1);
	assert_int_equal(look().origin, CW_ORIGIN_ACME);
	assert_true(scratch_says("live/a.test/origin", "acme\n"));
	assert_link("live/a.test/privkey.pem", "../../archive/a.test/privkey1.pem");
	/* All of theirs, also what is no certificate. */
	assert_int_equal(scratch_count("aside"), 1);
	assert_int_equal(scratch_count("live"), 2); /* with the README */

	/* A switch keeps where it comes from, but not a response about the old certificate. */
	scratch_write("live/a.test/ocsp.der", "old", 0644);
	update(lineage);
	assert_true(scratch_says("live/a.test/origin", "acme\n"));
	assert_false(scratch_has("live/a.test/ocsp.der"));
	assert_int_equal(cw_lineage_delete(lineage, NULL), CW_OK);
	assert_false(scratch_has("live/a.test"));
}

static void
test_a_lineage_that_cannot_be_made_leaves_what_stands_in(void **state)
{
	cw_auto_configobj struct cw_configobj *config = cw_configobj_new();
	char *aside;

	(void)state;
	put(&first, CW_ORIGIN_SELF_SIGNED, &aside);
	/* A file where its archive would be. */
	scratch_write("archive", "", 0600);
	assert_true(cw_lineage_create(scratch, "a.test", &second, config, NULL, NULL) < 0);
	assert_true(look().ours);
	assert_true(scratch_says("live/a.test/cert.pem", "cert 1\n"));
	assert_int_equal(scratch_count("live"), 1);
}

static void
test_a_lineage_is_set_aside_with_its_keys(void **state)
{
	cw_autofree char *aside = NULL;
	cw_autofree char *key = NULL;

	(void)state;
	cw_lineage_free(create("a.test"));
	assert_int_equal(cw_lineage_set_aside(scratch, "a.test", &aside, NULL), CW_OK);
	assert_false(cw_lineage_exists(scratch, "a.test"));
	key = cw_format("%s/archive/privkey1.pem", aside + strlen(scratch) + 1);
	assert_true(scratch_says(key, "key 1\n"));
	assert_int_equal(scratch_mode("aside"), 0700);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(test_files_of_ours_are_replaced_without_a_trace),
		in_scratch(test_files_that_somebody_changed_are_theirs),
		in_scratch(test_a_lineage_takes_the_place_of_what_gives_way),
		in_scratch(test_a_lineage_that_cannot_be_made_leaves_what_stands_in),
		in_scratch(test_a_lineage_is_set_aside_with_its_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
