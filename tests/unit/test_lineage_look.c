/* Looking at lineages as "renew" does at very many: whatever is wrong with one must be seen. */
#include "store/lineage.h"

#include "base/mem.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"

static const char *const kinds[CW_KIND_COUNT] = {"cert", "privkey", "chain", "fullchain"};

static void
create(void)
{
	static const struct cw_version_files files = {
		.cert = "cert\n", .privkey = "key\n", .chain = "chain\n", .fullchain = "full\n"};
	cw_auto_configobj struct cw_configobj *config = cw_configobj_new();

	assert_int_equal(cw_lineage_create(scratch, "a.test", &files, config, NULL, NULL), CW_OK);
}

static void
link_to(const char *target, const char *format, const char *kind)
{
	cw_autofree char *name = cw_format(format, kind);
	cw_autofree char *path = scratch_path(name);

	assert_int_equal(cw_file_symlink(target, path, NULL), CW_OK);
}

static void
remove_file(const char *format, const char *kind)
{
	cw_autofree char *name = cw_format(format, kind);
	cw_autofree char *path = scratch_path(name);

	assert_int_equal(unlink(path), 0);
}

static void
move(const char *from, const char *to)
{
	cw_autofree char *old = scratch_path(from);
	cw_autofree char *new = scratch_path(to);

	assert_int_equal(rename(old, new), 0);
}

static struct cw_lineage *
load(void)
{
	struct cw_lineage *lineage;

	assert_int_equal(cw_lineage_load(scratch, "a.test", &lineage, NULL), CW_OK);
	assert_int_equal(lineage->version, 1);
	return lineage;
}

static bool
is_unsettled(void)
{
	cw_auto_lineage struct cw_lineage *lineage = load();

	return lineage->unsettled;
}

/* Loading says PART, and the path of the link of KIND. */
static void
assert_load_fails(const char *kind, const char *part)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_lineage struct cw_lineage *lineage = NULL;
	cw_autofree char *link = cw_format("/live/a.test/%s.pem\"", kind);
	cw_autofree char *line = NULL;

	assert_true(cw_lineage_load(scratch, "a.test", &lineage, &error) < 0);
	assert_null(lineage);
	line = cw_error_line(&error);
	if (strstr(line, part) == NULL || strstr(line, link) == NULL)
		fail_msg("\"%s\" lacks \"%s\" or \"%s\"", line, part, link);
}

static void
test_a_whole_lineage_has_nothing_to_recover(void **state)
{
	(void)state;
	create();
	assert_false(is_unsettled());
}

/* As far as a switch had come with making its record, or with removing it. */
static void
test_every_rest_of_a_record_is_seen(void **state)
{
	(void)state;
	create();
	for (unsigned first = 0; first < CW_KIND_COUNT; first++) {
		for (unsigned last = first; last < CW_KIND_COUNT; last++) {
			if (first > 0 && last + 1 < CW_KIND_COUNT)
				continue;
			for (unsigned i = first; i <= last; i++)
				link_to("../../archive/a.test/x1.pem",
					"live/a.test/previous_%s.pem", kinds[i]);
			assert_true(is_unsettled());
			for (unsigned i = first; i <= last; i++)
				remove_file("live/a.test/previous_%s.pem", kinds[i]);
			assert_false(is_unsettled());
		}
	}
}

static void
test_the_folder_of_an_exchange_is_seen(void **state)
{
	(void)state;
	create();
	scratch_write("live/.a.test.next/README", "", 0644);
	assert_true(is_unsettled());
	move("live/.a.test.next", "live/.b.test.next");
	assert_false(is_unsettled());
}

/* Its own place is where its name is, not where it leads. */
static void
test_a_live_folder_may_be_a_link(void **state)
{
	(void)state;
	create();
	scratch_write("other/place/keep", "", 0644);
	move("live/a.test", "other/place/a.test");
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *target =
			cw_format("%s/archive/a.test/%s1.pem", scratch, kinds[i]);

		link_to(target, "other/place/a.test/%s.pem", kinds[i]);
	}
	link_to("../other/place/a.test", "live/%s", "a.test");
	assert_false(is_unsettled());
	scratch_write("live/.a.test.next/README", "", 0644);
	assert_true(is_unsettled());
	remove_file("live/.a.test.next/%s", "README");
	move("live/.a.test.next", "other/place/.a.test.next");
	assert_false(is_unsettled());
	link_to("x", "other/place/a.test/previous_%s.pem", "cert");
	assert_true(is_unsettled());
}

static void
test_links_in_several_folders_are_looked_at(void **state)
{
	cw_autofree char *text = cw_format("archive_dir = %1$s/archive/a.test\n"
					   "cert = %1$s/live/a.test/cert.pem\n"
					   "privkey = %1$s/keys/mine.pem\n"
					   "chain = %1$s/live/a.test/chain.pem\n"
					   "fullchain = %1$s/live/a.test/fullchain.pem\n",
					   scratch);

	(void)state;
	create();
	scratch_write("keys/README", "", 0644);
	scratch_write("renewal/a.test.conf", text, 0644);
	link_to("../archive/a.test/privkey1.pem", "keys/%s.pem", "mine");
	assert_false(is_unsettled());
	link_to("x", "live/a.test/previous_%s.pem", "fullchain");
	assert_true(is_unsettled());
}

static void
test_a_missing_link_is_named_whichever_it_is(void **state)
{
	(void)state;
	create();
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *target = cw_format("../../archive/a.test/%s1.pem", kinds[i]);

		remove_file("live/a.test/%s.pem", kinds[i]);
		assert_load_fails(kinds[i], "is missing");
		link_to(target, "live/a.test/%s.pem", kinds[i]);
	}
	cw_lineage_free(load());
}

static void
test_a_link_elsewhere_is_named_whichever_it_is(void **state)
{
	(void)state;
	create();
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *good = cw_format("../../archive/a.test/%s1.pem", kinds[i]);
		cw_autofree char *elsewhere = cw_format("../../archive/b.test/%s1.pem", kinds[i]);
		cw_autofree char *file = cw_format("archive/b.test/%s1.pem", kinds[i]);

		scratch_write(file, "", 0644);
		link_to(elsewhere, "live/a.test/%s.pem", kinds[i]);
		assert_load_fails(kinds[i], "not in the archive folder");
		link_to(good, "live/a.test/%s.pem", kinds[i]);
	}
	cw_lineage_free(load());
}

static void
test_a_loop_is_named_wherever_it_is(void **state)
{
	(void)state;
	create();
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *good = cw_format("../../archive/a.test/%s1.pem", kinds[i]);
		cw_autofree char *itself = cw_format("%s.pem", kinds[i]);
		cw_autofree char *back = cw_format("../../live/a.test/%s.pem", kinds[i]);

		link_to(itself, "live/a.test/%s.pem", kinds[i]);
		assert_load_fails(kinds[i], "<N>.pem");
		link_to(good, "live/a.test/%s.pem", kinds[i]);
		link_to(back, "archive/a.test/%s1.pem", kinds[i]);
		assert_load_fails(kinds[i], "follow the link");
		scratch_write(strchr(strchr(good, '/') + 1, '/') + 1, "", 0644);
	}
	cw_lineage_free(load());
}

static void
test_a_target_that_is_gone_is_named_whichever_it_is(void **state)
{
	(void)state;
	create();
	for (unsigned i = 0; i < CW_KIND_COUNT; i++) {
		cw_autofree char *file = cw_format("archive/a.test/%s1.pem", kinds[i]);

		remove_file("archive/a.test/%s1.pem", kinds[i]);
		assert_load_fails(kinds[i], "which does not exist");
		scratch_write(file, "", 0600);
	}
	cw_lineage_free(load());
}

static void
test_a_live_folder_that_is_gone_or_a_file_is_named(void **state)
{
	(void)state;
	create();
	move("live/a.test", "gone");
	assert_load_fails("cert", "is missing");
	scratch_write("live/a.test", "", 0644);
	assert_load_fails("cert", "cannot read the link");
}

#define in_scratch(function) cmocka_unit_test_setup_teardown(function, scratch_make, scratch_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(test_a_whole_lineage_has_nothing_to_recover),
		in_scratch(test_every_rest_of_a_record_is_seen),
		in_scratch(test_the_folder_of_an_exchange_is_seen),
		in_scratch(test_a_live_folder_may_be_a_link),
		in_scratch(test_links_in_several_folders_are_looked_at),
		in_scratch(test_a_missing_link_is_named_whichever_it_is),
		in_scratch(test_a_link_elsewhere_is_named_whichever_it_is),
		in_scratch(test_a_loop_is_named_wherever_it_is),
		in_scratch(test_a_target_that_is_gone_is_named_whichever_it_is),
		in_scratch(test_a_live_folder_that_is_gone_or_a_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
