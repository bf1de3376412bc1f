#include "store/lineage.h"

#include "base/mem.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

#include "lineage_fixture.h"

/* The message and the hint with which loading fails. */
static void
assert_load_fails(const char *name, const char *part)
{
	cw_auto_error struct cw_error error = {0};
	struct cw_lineage *lineage;
	cw_autofree char *line = NULL;

	assert_int_equal(cw_lineage_load(scratch, name, &lineage, &error), CW_E_INVALID);
	assert_null(lineage);
	line = cw_error_line(&error);
	if (strstr(line, part) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", line, part);
	assert_non_null(cw_error_hint(&error));
}

static void
test_create_makes_certbots_layout(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");
	cw_autofree char *expected = cw_format("# renew_before_expiry = 30 days\n"
					       "version = 2.1.0\n"
					       "archive_dir = %1$s/archive/a.test\n"
					       "cert = %1$s/live/a.test/cert.pem\n"
					       "privkey = %1$s/live/a.test/privkey.pem\n"
					       "chain = %1$s/live/a.test/chain.pem\n"
					       "fullchain = %1$s/live/a.test/fullchain.pem\n"
					       "\n"
					       "[renewalparams]\n"
					       "account = 1234\n",
					       scratch);

	(void)state;
	assert_true(scratch_says("renewal/a.test.conf", expected));
	assert_true(scratch_says("archive/a.test/privkey1.pem", "key 1\n"));
	assert_true(scratch_says("live/a.test/fullchain.pem", "full 1\n"));
	assert_link("live/a.test/cert.pem", "../../archive/a.test/cert1.pem");
	assert_int_equal(scratch_mode("renewal"), 0700);
	assert_int_equal(scratch_mode("archive"), 0700);
	assert_int_equal(scratch_mode("live"), 0700);
	assert_int_equal(scratch_mode("archive/a.test/privkey1.pem"), 0600);
	assert_int_equal(scratch_mode("archive/a.test/cert1.pem"), 0644);
	assert_true(scratch_has("live/README"));
	assert_true(scratch_has("live/a.test/README"));
	assert_int_equal(scratch_count("renewal"), 1);
	assert_int_equal(scratch_count("live"), 2);
	assert_int_equal(lineage->version, 1);
	assert_int_equal(lineage->newest, 1);
}

static void
test_create_refuses_a_name_that_is_taken(void **state)
{
	cw_auto_configobj struct cw_configobj *config = cw_configobj_new();

	(void)state;
	cw_lineage_free(create("a.test"));
	assert_int_equal(cw_lineage_create(scratch, "a.test", &second, config, NULL, NULL),
			 CW_E_EXISTS);
	assert_true(scratch_says("live/a.test/cert.pem", "cert 1\n"));
	assert_int_equal(cw_lineage_create(scratch, "../a", &second, config, NULL, NULL),
			 CW_E_INVALID);
}

static void
test_a_failed_creation_leaves_nothing(void **state)
{
	cw_auto_configobj struct cw_configobj *config = cw_configobj_new();

	(void)state;
	cw_configobj_set(config, "renewalparams", "pre_hook", "'''\"\"\"");
	assert_int_equal(cw_lineage_create(scratch, "a.test", &first, config, NULL, NULL),
			 CW_E_INVALID);
	assert_int_equal(scratch_count("."), 0);
}

static void
test_names_that_are_taken_get_a_number(void **state)
{
	cw_autofree char *name = NULL;
	cw_autofree char *next = NULL;

	(void)state;
	assert_int_equal(cw_lineage_free_name(scratch, "a.test", &name, NULL), CW_OK);
	assert_string_equal(name, "a.test");
	cw_lineage_free(create("a.test"));
	scratch_write("archive/a.test-0001/x", "", 0644);
	assert_int_equal(cw_lineage_free_name(scratch, "a.test", &next, NULL), CW_OK);
	assert_string_equal(next, "a.test-0002");
}

static void
test_names_are_checked(void **state)
{
	static const char *const bad[] = {"", ".", "..", ".a", "a/b", "a\nb"};
	char longest[202];

	(void)state;
	for (size_t i = 0; i < CW_COUNT(bad); i++)
		assert_int_equal(cw_lineage_check_name(bad[i], NULL), CW_E_INVALID);
	memset(longest, 'a', 201);
	longest[201] = '\0';
	assert_int_equal(cw_lineage_check_name(longest, NULL), CW_E_INVALID);
	longest[200] = '\0';
	assert_int_equal(cw_lineage_check_name(longest, NULL), CW_OK);
	assert_int_equal(cw_lineage_check_name("*.a b", NULL), CW_OK);
}

static void
test_list_is_sorted_and_only_of_renewal_files(void **state)
{
	cw_auto_strv struct cw_strv names = {0};

	(void)state;
	assert_int_equal(cw_lineage_list(scratch, &names, NULL), CW_OK);
	assert_int_equal(names.count, 0);
	scratch_write("renewal/b.conf", "", 0644);
	scratch_write("renewal/a.conf", "", 0644);
	scratch_write("renewal/.c.conf.new", "", 0644);
	scratch_write("renewal/d.conf.bak", "", 0644);
	scratch_write("renewal/.conf", "", 0644);
	assert_int_equal(cw_lineage_list(scratch, &names, NULL), CW_OK);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.items[0], "a");
}

static void
test_update_exchanges_the_folder(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");
	cw_autofree char *folder = scratch_path("live/a.test");
	struct stat before, after;

	(void)state;
	assert_int_equal(chmod(folder, 0751), 0);
	assert_int_equal(stat(folder, &before), 0);
	update(lineage);
	assert_int_equal(stat(folder, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(scratch_mode("live/a.test"), 0751);
	assert_int_equal(scratch_count("live"), 2);
	assert_int_equal(scratch_count("live/a.test"), 5);
	assert_link("live/a.test/privkey.pem", "../../archive/a.test/privkey2.pem");
	assert_true(scratch_says("live/a.test/fullchain.pem", "full 2\n"));
	assert_int_equal(lineage->version, 2);
	assert_int_equal(lineage->newest, 2);
}

static void
test_update_keeps_a_folder_with_other_files(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");
	cw_autofree char *folder = scratch_path("live/a.test");
	struct stat before, after;

	(void)state;
	scratch_write("live/a.test/notes", "mine\n", 0644);
	assert_int_equal(stat(folder, &before), 0);
	update(lineage);
	assert_int_equal(stat(folder, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_true(scratch_says("live/a.test/notes", "mine\n"));
	assert_int_equal(scratch_count("live/a.test"), 6);
	assert_link("live/a.test/privkey.pem", "../../archive/a.test/privkey2.pem");
	assert_true(scratch_says("live/a.test/fullchain.pem", "full 2\n"));
}

static void
test_paths_may_have_been_moved(void **state)
{
	cw_autofree char *text = cw_format("archive_dir = %1$s/keys/a\n"
					   "cert = %1$s/etc/c.pem\n"
					   "privkey = %1$s/keys/k.pem\n"
					   "chain = %1$s/etc/chain.pem\n"
					   "fullchain = %1$s/etc/fullchain.pem\n",
					   scratch);
	cw_autofree char *key = scratch_path("keys/a/privkey3.pem");
	cw_auto_lineage struct cw_lineage *lineage = NULL;

	(void)state;
	scratch_write("renewal/a.conf", text, 0640);
	scratch_write("keys/a/cert3.pem", "cert 3\n", 0644);
	scratch_write("keys/a/privkey3.pem", "key 3\n", 0600);
	scratch_write("keys/a/chain3.pem", "chain 3\n", 0644);
	scratch_write("keys/a/fullchain3.pem", "full 3\n", 0644);
	scratch_write("etc/mine", "", 0644);
	link_to("../keys/a/cert3.pem", "etc/c.pem");
	link_to(key, "keys/k.pem");
	link_to("../keys/./a/chain3.pem", "etc/chain.pem");
	link_to("../keys/a/fullchain3.pem", "etc/fullchain.pem");
	lineage = load("a");
	assert_int_equal(lineage->version, 3);
	update(lineage);
	assert_link("etc/c.pem", "../keys/a/cert4.pem");
	assert_true(scratch_says("keys/k.pem", "key 2\n"));
	assert_true(scratch_says("etc/fullchain.pem", "full 2\n"));
	assert_int_equal(scratch_count("etc"), 4);
}

static void
test_update_takes_over_the_permissions_of_the_key(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");
	cw_autofree char *old = scratch_path("archive/a.test/privkey1.pem");
	cw_autofree char *new = scratch_path("archive/a.test/privkey2.pem");
	gid_t group = geteuid() == 0 ? 12 : getegid();
	struct stat status;

	(void)state;
	assert_int_equal(chown(old, (uid_t)-1, group), 0);
	assert_int_equal(chmod(old, 0777), 0);
	update(lineage);
	assert_int_equal(stat(new, &status), 0);
	assert_int_equal(status.st_gid, group);
	assert_int_equal(status.st_mode & 07777, 0674);
	assert_int_equal(scratch_mode("archive/a.test/cert2.pem"), 0644);
}

static void
test_a_key_used_again_is_a_link_to_the_first(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");
	struct cw_version_files same = second;

	(void)state;
	same.same_key = true;
	same.privkey = NULL;
	for (int i = 0; i < 9; i++)
		assert_int_equal(cw_lineage_update(lineage, &same, NULL, true, NULL), CW_OK);
	assert_link("archive/a.test/privkey10.pem", "privkey1.pem");
	assert_true(scratch_says("live/a.test/privkey.pem", "key 1\n"));
	/* Six versions, and the key that they use. */
	assert_int_equal(scratch_count("archive/a.test"), 6 * 4 + 1);
	assert_int_equal(lineage->version, 10);
	cw_lineage_free(load("a.test"));
}

static void
test_old_versions_go_but_five(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");

	(void)state;
	for (int i = 0; i < 8; i++)
		update(lineage);
	assert_int_equal(lineage->version, 9);
	assert_false(scratch_has("archive/a.test/cert3.pem"));
	assert_true(scratch_has("archive/a.test/cert4.pem"));
	assert_int_equal(scratch_count("archive/a.test"), 6 * 4);
	assert_int_equal(cw_lineage_update(lineage, &second, NULL, false, NULL), CW_OK);
	assert_int_equal(scratch_count("archive/a.test"), 7 * 4);
}

static void
test_update_does_not_touch_parts_of_a_newer_version(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");

	(void)state;
	scratch_write("archive/a.test/privkey2.pem", "unfinished\n", 0600);
	update(lineage);
	assert_int_equal(lineage->version, 3);
	assert_true(scratch_says("archive/a.test/privkey2.pem", "unfinished\n"));
}

static void
test_a_newer_complete_version_is_found(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");
	cw_auto_lineage struct cw_lineage *again = NULL;

	(void)state;
	update(lineage);
	update(lineage);
	scratch_write("archive/a.test/privkey4.pem", "", 0600);
	assert_int_equal(cw_lineage_switch(lineage, 1, NULL), CW_OK);
	again = load("a.test");
	assert_int_equal(again->version, 1);
	assert_int_equal(again->newest, 3);
	assert_int_equal(cw_lineage_switch(again, 4, NULL), CW_E_NOT_FOUND);
	assert_int_equal(cw_lineage_switch(again, again->newest, NULL), CW_OK);
	assert_true(scratch_says("live/a.test/cert.pem", "cert 2\n"));
}

static void
test_update_saves_the_configuration(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");
	cw_auto_configobj struct cw_configobj *config = cw_configobj_copy(lineage->config);
	cw_autofree char *path = scratch_path("renewal/a.test.conf");
	cw_auto_lineage struct cw_lineage *again = NULL;

	(void)state;
	assert_int_equal(chmod(path, 0640), 0);
	cw_configobj_set(config, "renewalparams", "account", "5678");
	assert_int_equal(cw_lineage_update(lineage, &second, config, true, NULL), CW_OK);
	assert_string_equal(cw_configobj_get(lineage->config, "renewalparams", "account"), "5678");
	assert_int_equal(scratch_mode("renewal/a.test.conf"), 0640);
	again = load("a.test");
	assert_string_equal(cw_configobj_get(again->config, "renewalparams", "account"), "5678");
}

static void
test_loading_names_what_is_wrong(void **state)
{
	(void)state;
	cw_lineage_free(create("a.test"));
	scratch_write("archive/a.test/cert2.pem", "", 0644);
	scratch_write("elsewhere/cert1.pem", "", 0644);

	link_to("../../archive/a.test/cert2.pem", "live/a.test/cert.pem");
	assert_load_fails("a.test", "point to different versions");
	link_to("../../archive/a.test/cert3.pem", "live/a.test/cert.pem");
	assert_load_fails("a.test", "/live/a.test/cert.pem\" points to "
				    "\"../../archive/a.test/cert3.pem\", which does not exist");
	link_to("../../elsewhere/cert1.pem", "live/a.test/cert.pem");
	assert_load_fails("a.test", "which is not in the archive folder");
	link_to("../../archive/a.test/chain1.pem", "live/a.test/cert.pem");
	assert_load_fails("a.test", "not to cert<N>.pem");
	remove_link("live/a.test/cert.pem");
	assert_load_fails("a.test", "/live/a.test/cert.pem\" is missing");
	scratch_write("live/a.test/cert.pem", "", 0644);
	assert_load_fails("a.test", "is not a link into the archive");
	scratch_write("renewal/a.test.conf", "cert = /x\n", 0644);
	assert_load_fails("a.test", "does not set the path \"privkey\"");
	scratch_write("renewal/a.test.conf", "cert\n", 0644);
	assert_load_fails("a.test", "/renewal/a.test.conf\", line 1:");
}

static void
test_a_missing_lineage_is_not_found(void **state)
{
	struct cw_lineage *lineage;

	(void)state;
	assert_int_equal(cw_lineage_load(scratch, "a.test", &lineage, NULL), CW_E_NOT_FOUND);
	assert_null(lineage);
}

static void
test_a_name_that_goes_through_a_link_is_in_the_archive(void **state)
{
	cw_autofree char *from = scratch_path("archive");
	cw_autofree char *to = scratch_path("moved");

	(void)state;
	cw_lineage_free(create("a.test"));
	assert_int_equal(rename(from, to), 0);
	link_to("moved", "archive");
	link_to("../../moved/a.test/cert1.pem", "live/a.test/cert.pem");
	cw_lineage_free(load("a.test"));
}

static void
test_delete_removes_all_but_what_is_not_ours(void **state)
{
	cw_auto_lineage struct cw_lineage *first_one = create("a.test");
	cw_auto_lineage struct cw_lineage *other = create("b.test");

	(void)state;
	update(first_one);
	assert_int_equal(cw_lineage_delete(first_one, NULL), CW_OK);
	assert_int_equal(scratch_count("renewal"), 1);
	assert_int_equal(scratch_count("archive"), 1);
	assert_int_equal(scratch_count("live"), 2);
	scratch_write("live/b.test/notes", "mine\n", 0644);
	assert_int_equal(cw_lineage_delete(other, NULL), CW_OK);
	assert_int_equal(scratch_count("archive"), 0);
	assert_int_equal(scratch_count("live/b.test"), 1);
}

static void
test_delete_keeps_an_archive_that_another_uses(void **state)
{
	cw_auto_lineage struct cw_lineage *lineage = create("a.test");
	cw_auto_lineage struct cw_lineage *other = create("b.test");

	(void)state;
	assert_false(cw_lineage_archive_is_shared(lineage));
	cw_configobj_set(other->config, "", "archive_dir", lineage->archive);
	scratch_write("renewal/c.conf", "", 0644);
	assert_false(cw_lineage_archive_is_shared(lineage));
	{
		cw_auto_buf struct cw_buf text = {0};

		cw_configobj_write(other->config, &text);
		scratch_write("renewal/b.test.conf", cw_buf_text(&text), 0644);
	}
	assert_true(cw_lineage_archive_is_shared(lineage));
	assert_int_equal(cw_lineage_delete(lineage, NULL), CW_OK);
	assert_true(scratch_has("archive/a.test/cert1.pem"));
	assert_false(scratch_has("live/a.test"));
}

static void
test_sweep_leaves_what_it_does_not_know(void **state)
{
	(void)state;
	cw_lineage_free(create("a.test"));
	scratch_write("renewal/.cw-0123.tmp", "", 0600);
	scratch_write("renewal/.mine", "", 0600);
	scratch_write("renewal/.a.test.conf.new", "", 0600);
	scratch_write("archive/old.test/cert1.pem", "", 0600);
	scratch_write("live/.mine/x", "", 0600);
	assert_int_equal(cw_lineage_sweep(scratch, NULL), CW_OK);
	assert_int_equal(scratch_count("renewal"), 2);
	assert_true(scratch_has("archive/old.test/cert1.pem"));
	assert_true(scratch_has("live/.mine/x"));
	cw_lineage_free(load("a.test"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(test_create_makes_certbots_layout),
		in_scratch(test_create_refuses_a_name_that_is_taken),
		in_scratch(test_a_failed_creation_leaves_nothing),
		in_scratch(test_names_that_are_taken_get_a_number),
		in_scratch(test_names_are_checked),
		in_scratch(test_list_is_sorted_and_only_of_renewal_files),
		in_scratch(test_update_exchanges_the_folder),
		in_scratch(test_update_keeps_a_folder_with_other_files),
		in_scratch(test_paths_may_have_been_moved),
		in_scratch(test_update_takes_over_the_permissions_of_the_key),
		in_scratch(test_a_key_used_again_is_a_link_to_the_first),
		in_scratch(test_old_versions_go_but_five),
		in_scratch(test_update_does_not_touch_parts_of_a_newer_version),
		in_scratch(test_a_newer_complete_version_is_found),
		in_scratch(test_update_saves_the_configuration),
		in_scratch(test_loading_names_what_is_wrong),
		in_scratch(test_a_missing_lineage_is_not_found),
		in_scratch(test_a_name_that_goes_through_a_link_is_in_the_archive),
		in_scratch(test_delete_removes_all_but_what_is_not_ours),
		in_scratch(test_delete_keeps_an_archive_that_another_uses),
		in_scratch(test_sweep_leaves_what_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
