#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "plugin_fixture.h"
#include "role_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER ".well-known/acme-challenge"

static mode_t old_umask;

static int
begin(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	old_umask = umask(077);
	fixture_begin(plugins_folder(), "webroot");
	scratch_write("a/index.html", "a", 0644);
	scratch_write("b/index.html", "b", 0644);
	return 0;
}

static int
end(void **state)
{
	fixture_end();
	umask(old_umask);
	unsetenv("CERTWRIGHT_PLUGIN_PATH");
	return scratch_remove(state);
}

static void
set_folder(const char *internal, const char *name)
{
	cw_autofree char *path = scratch_path(name);

	set(internal, path);
}

static void
make_link(const char *target, const char *name)
{
	cw_autofree char *path = scratch_path(name);

	assert_int_equal(symlink(target, path), 0);
}

/* Fills an empty BATCH; SECOND may be NULL. */
static void
use(struct batch *batch, const char *first, const char *second)
{
	batch_add(batch, "http-01", first);
	if (second != NULL)
		batch_add(batch, "http-01", second);
}

/* Publishes the challenge of a.example, whose webroot is WEBROOT in the scratch folder. */
static void
publish(struct batch *batch, const char *webroot)
{
	use(batch, "a.example", NULL);
	set_folder("webroot_path", webroot);
	/* Some tests publish twice. */
	cw_instance_close(cw_take(&fixture.instance));
	fixture_open();
	assert_int_equal(batch_perform(batch), CW_OK);
}

static void
test_file_is_readable_by_all_whatever_the_umask(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	publish(&batch, "a");
	assert_int_equal(batch.slots[0].challenge.result, CW_OK);
	assert_true(scratch_says("a/" FOLDER "/token-0123456789-0_of-http-01", batch.values[0]));
	assert_int_equal(scratch_mode("a/" FOLDER "/token-0123456789-0_of-http-01"), 0644);
	assert_int_equal(scratch_mode("a/" FOLDER), 0755);
	assert_int_equal(scratch_mode("a/.well-known"), 0755);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	batch_clear(&batch);
}

static void
test_cleanup_removes_what_was_made_and_nothing_else(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	use(&batch, "a.example", "b.example");
	scratch_write("b/.well-known/security.txt", "x", 0644);
	set_folder("webroot_path", "a");
	set_folder("webroot_path", "b");
	cw_autofree char *a = scratch_path("a");
	assert_int_equal(cw_settings_set_map(fixture.settings, "webroot_map", CW_SOURCE_COMMAND,
					     "a.example", a, NULL),
			 CW_OK);
	fixture_open();
	assert_int_equal(batch_perform(&batch), CW_OK);
	assert_true(scratch_has("a/" FOLDER "/token-0123456789-0_of-http-01"));
	assert_true(scratch_has("b/" FOLDER "/token-0123456789-1_of-http-01"));
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_int_equal(scratch_count("a"), 1);
	assert_int_equal(scratch_count("b"), 2);
	assert_int_equal(scratch_count("b/.well-known"), 1);
	assert_int_equal(scratch_count("work/certwright/undo"), 0);
	batch_clear(&batch);
}

static void
test_folder_that_was_there_empty_stays(void **state)
{
	struct batch batch = {.count = 0};
	cw_autofree char *folder = scratch_path("a/" FOLDER);

	(void)state;
	assert_int_equal(cw_folder_make(folder, 0755, NULL), CW_OK);
	publish(&batch, "a");
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_true(scratch_has("a/" FOLDER));
	assert_int_equal(scratch_count("a/" FOLDER), 0);
	batch_clear(&batch);
}

static void
test_folder_that_another_uses_meanwhile_stays(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	publish(&batch, "a");
	scratch_write("a/" FOLDER "/another", "x", 0644);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_int_equal(scratch_count("a/" FOLDER), 1);
	batch_clear(&batch);
}

static void
test_file_that_took_the_place_of_ours_stays(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	publish(&batch, "a");
	scratch_write("a/" FOLDER "/token-0123456789-0_of-http-01", "of somebody else", 0644);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_true(scratch_says("a/" FOLDER "/token-0123456789-0_of-http-01", "of somebody else"));
	batch_clear(&batch);
}

static void
test_file_that_a_killed_run_left_is_replaced(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	scratch_write("a/" FOLDER "/token-0123456789-0_of-http-01", "old", 0600);
	publish(&batch, "a");
	assert_true(scratch_says("a/" FOLDER "/token-0123456789-0_of-http-01", batch.values[0]));
	assert_int_equal(scratch_mode("a/" FOLDER "/token-0123456789-0_of-http-01"), 0644);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	batch_clear(&batch);
}

static void
test_name_without_a_webroot_fails_with_the_option_to_give(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	use(&batch, "a.example", NULL);
	fixture_open();
	assert_int_equal(batch_perform(&batch), CW_OK);
	assert_int_equal(batch.slots[0].challenge.result, CW_E_USAGE);
	assert_non_null(strstr(batch.slots[0].error.message, "a.example"));
	assert_non_null(strstr(batch.slots[0].error.hint, "-w FOLDER"));
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	batch_clear(&batch);
}

static void
test_name_whose_webroot_is_missing_fails_alone(void **state)
{
	struct batch batch = {.count = 0};
	cw_autofree char *gone = scratch_path("gone");

	(void)state;
	use(&batch, "gone.example", "b.example");
	set_folder("webroot_path", "b");
	assert_int_equal(cw_settings_set_map(fixture.settings, "webroot_map", CW_SOURCE_COMMAND,
					     "gone.example", gone, NULL),
			 CW_OK);
	fixture_open();
	assert_int_equal(batch_perform(&batch), CW_OK);
	assert_int_equal(batch.slots[0].challenge.result, CW_E_NOT_FOUND);
	assert_non_null(strstr(batch.slots[0].error.message, gone));
	assert_non_null(batch.slots[0].error.hint);
	assert_int_equal(batch.slots[1].challenge.result, CW_OK);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_false(scratch_has("gone"));
	assert_int_equal(scratch_count("b"), 1);
	batch_clear(&batch);
}

static void
make_folder(const char *name, mode_t mode)
{
	cw_autofree char *path = scratch_path(name);

	assert_int_equal(cw_folder_make(path, mode, NULL), CW_OK);
	assert_int_equal(chmod(path, mode), 0);
}

static void
change_mode(const char *name, mode_t mode)
{
	cw_autofree char *path = scratch_path(name);

	assert_int_equal(chmod(path, mode), 0);
}

/* A link LINK out of the webroot "a" to the folder "outside" or the one below it; all is safe. */
static void
make_link_out(const char *link, const char *target)
{
	cw_autofree char *absolute = scratch_path(target);

	make_folder("outside", 0755);
	make_folder("outside/acme-challenge", 0755);
	make_link(absolute, link);
}

static void
is_followed(void)
{
	struct batch batch = {.count = 0};

	publish(&batch, "a");
	assert_int_equal(batch.slots[0].challenge.result, CW_OK);
	assert_true(scratch_says("outside/acme-challenge/token-0123456789-0_of-http-01",
				 batch.values[0]));
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_int_equal(scratch_count("outside/acme-challenge"), 0);
	assert_int_equal(scratch_count("outside"), 1);
	batch_clear(&batch);
}

/* CHANGEABLE: the end of what others can change, as the message names it. */
static void
is_not_followed(const char *changeable)
{
	struct batch batch = {.count = 0};
	cw_autofree char *path = scratch_path(changeable);

	publish(&batch, "a");
	assert_int_equal(batch.slots[0].challenge.result, CW_E_PERMISSION);
	assert_non_null(strstr(batch.slots[0].error.message, "is not followed"));
	assert_non_null(strstr(batch.slots[0].error.message, path));
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_int_equal(scratch_count("outside/acme-challenge"), 0);
	assert_int_equal(scratch_count("outside"), 1);
	batch_clear(&batch);
}

static void
test_link_out_that_nobody_else_can_change_is_followed(void **state)
{
	(void)state;
	make_link_out("a/.well-known", "outside");
	is_followed();
}

static void
test_link_of_the_challenge_folder_is_followed_likewise(void **state)
{
	(void)state;
	make_folder("a/.well-known", 0755);
	make_link_out("a/" FOLDER, "outside/acme-challenge");
	is_followed();
}

static void
test_link_through_links_is_followed_likewise(void **state)
{
	(void)state;
	make_folder("b/links", 0755);
	make_link_out("b/links/second", "outside");
	make_link("b/links", "between");
	make_link("../between/../links/./second", "a/.well-known");
	is_followed();
}

static void
test_link_to_a_folder_that_others_can_write_to_is_not_followed(void **state)
{
	static const mode_t modes[] = {0775, 0757, 01777};

	(void)state;
	make_link_out("a/.well-known", "outside");
	for (size_t i = 0; i < CW_COUNT(modes); i++) {
		change_mode("outside", modes[i]);
		is_not_followed("outside");
	}
}

static void
test_link_through_a_folder_that_others_can_write_to_is_not_followed(void **state)
{
	(void)state;
	make_folder("a/.well-known", 0755);
	make_link_out("a/" FOLDER, "outside/acme-challenge");
	change_mode("outside", 0777);
	is_not_followed("outside");
	/* Out of a sticky folder nobody can take what is another's. */
	change_mode("outside", 01777);
	is_followed();
}

static void
test_link_in_a_webroot_that_others_can_write_to_is_not_followed(void **state)
{
	(void)state;
	make_link_out("a/.well-known", "outside");
	change_mode("a", 0775);
	is_not_followed("a");
}

static void
give_away(const char *name, uid_t owner)
{
	cw_autofree char *path = scratch_path(name);

	assert_int_equal(lchown(path, owner, owner), 0);
}

static void
test_owner_of_the_webroot_may_make_links_and_others_may_not(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	make_link_out("a/.well-known", "outside");
	give_away("a", 4321);
	give_away("a/.well-known", 4321);
	give_away("outside", 4321);
	is_followed();
	give_away("outside", 4322);
	is_not_followed("outside");
	give_away("outside", 0);
	give_away("a/.well-known", 4322);
	is_not_followed("a/.well-known");
}

static void
test_links_in_a_circle_are_given_up(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	make_link("circle", "a/.well-known");
	make_link(".well-known", "a/circle");
	publish(&batch, "a");
	assert_int_equal(batch.slots[0].challenge.result, CW_E_IO);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_int_equal(scratch_count("a"), 3);
	batch_clear(&batch);
}

static void
test_another_folder_in_the_place_of_ours_is_left_alone(void **state)
{
	struct batch batch = {.count = 0};
	cw_autofree char *folder = scratch_path("a/" FOLDER);
	cw_autofree char *moved = scratch_path("a/moved");

	(void)state;
	publish(&batch, "a");
	assert_int_equal(rename(folder, moved), 0);
	make_folder("a/" FOLDER, 0755);
	scratch_write("a/" FOLDER "/token-0123456789-0_of-http-01", "somebody's", 0644);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_true(scratch_says("a/" FOLDER "/token-0123456789-0_of-http-01", "somebody's"));
	batch_clear(&batch);
}

static void
test_token_that_is_too_short_is_refused(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	use(&batch, "a.example", NULL);
	batch.slots[0].challenge.token = "shadow";
	set_folder("webroot_path", "a");
	fixture_open();
	assert_int_equal(batch_perform(&batch), CW_OK);
	assert_int_equal(batch.slots[0].challenge.result, CW_E_PROTOCOL);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_int_equal(scratch_count("a"), 1);
	batch_clear(&batch);
}

/* Challenges through a link at .well-known that stays in the webroot. */
static void
stays_inside(const char *target)
{
	struct batch batch = {.count = 0};
	cw_autofree char *inside = scratch_path("a/inside");

	assert_int_equal(cw_folder_make(inside, 0755, NULL), CW_OK);
	make_link(target, "a/.well-known");
	publish(&batch, "a");
	assert_int_equal(batch.slots[0].challenge.result, CW_OK);
	assert_true(scratch_says("a/inside/acme-challenge/token-0123456789-0_of-http-01",
				 batch.values[0]));
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_int_equal(scratch_count("a/inside"), 0);
	assert_true(scratch_has("a/.well-known"));
	assert_int_equal(scratch_count("work/certwright/undo"), 0);
	batch_clear(&batch);
}

static void
test_link_that_stays_inside_is_followed(void **state)
{
	(void)state;
	stays_inside("inside");
}

static void
test_absolute_link_that_stays_inside_is_followed(void **state)
{
	cw_autofree char *target = scratch_path("a/inside");

	(void)state;
	stays_inside(target);
}

static void
test_webroot_itself_may_be_a_link(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	make_link("a", "current");
	publish(&batch, "current");
	assert_true(scratch_has("a/" FOLDER "/token-0123456789-0_of-http-01"));
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_int_equal(scratch_count("a"), 1);
	batch_clear(&batch);
}

static void
test_new_folders_belong_to_the_webroots_owner(void **state)
{
	struct batch batch = {.count = 0};
	cw_autofree char *root = scratch_path("a"), *folder = scratch_path("a/" FOLDER);
	struct stat status;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(root, 4321, 4322), 0);
	publish(&batch, "a");
	assert_int_equal(stat(folder, &status), 0);
	assert_int_equal(status.st_uid, 4321);
	assert_int_equal(status.st_gid, 4322);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	batch_clear(&batch);
}

static void
test_token_that_is_no_file_name_is_refused(void **state)
{
	struct batch batch = {.count = 0};

	(void)state;
	use(&batch, "a.example", NULL);
	batch.slots[0].challenge.token = "../../etc/passwd";
	set_folder("webroot_path", "a");
	fixture_open();
	assert_int_equal(batch_perform(&batch), CW_OK);
	assert_int_equal(batch.slots[0].challenge.result, CW_E_PROTOCOL);
	assert_int_equal(batch_cleanup(&batch), CW_OK);
	assert_int_equal(scratch_count("a"), 1);
	batch_clear(&batch);
}

/* Two workers of a run share the folder; the one that made it ends first. */
static void
test_last_worker_removes_the_folder_that_the_first_made(void **state)
{
	struct batch first = {.count = 0}, second = {.count = 0};
	struct cw_instance *other;

	(void)state;
	use(&first, "a.example", NULL);
	batch_add(&second, "http-01", "unused.example");
	batch_add(&second, "http-01", "b.example");
	set_folder("webroot_path", "a");
	fixture_open();
	assert_int_equal(
		cw_instance_open(fixture.module, &fixture.services, fixture.settings, &other, NULL),
		CW_OK);
	assert_int_equal(batch_perform(&first), CW_OK);
	assert_int_equal(cw_instance_perform(other, second.pointers + 1, 1, NULL), CW_OK);
	assert_int_equal(batch_cleanup(&first), CW_OK);
	assert_true(scratch_has("a/" FOLDER "/token-0123456789-1_of-http-01"));
	assert_int_equal(cw_instance_cleanup(other, second.pointers + 1, 1, NULL), CW_OK);
	assert_int_equal(scratch_count("a"), 1);
	cw_instance_close(other);
	batch_clear(&first);
	batch_clear(&second);
}

static void
test_files_of_a_killed_run_are_removed_by_the_next(void **state)
{
	struct batch batch = {.count = 0};
	int status;
	pid_t child;

	(void)state;
	use(&batch, "a.example", NULL);
	set_folder("webroot_path", "a");
	child = fork();
	if (child == 0) {
		/* The journal is a process' own. */
		fixture.services.undo = cw_undo_open(fixture.directories.work);
		fixture_open();
		if (batch_perform(&batch) == CW_OK &&
		    scratch_has("a/" FOLDER "/token-0123456789-0_of-http-01"))
			raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(scratch_count("a"), 2);
	cw_undo_replay(fixture.directories.work, 0, NULL);
	assert_int_equal(scratch_count("a"), 1);
	assert_int_equal(scratch_count("work/certwright/undo"), 0);
	batch_clear(&batch);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_file_is_readable_by_all_whatever_the_umask),
		TEST(test_cleanup_removes_what_was_made_and_nothing_else),
		TEST(test_folder_that_was_there_empty_stays),
		TEST(test_folder_that_another_uses_meanwhile_stays),
		TEST(test_file_that_took_the_place_of_ours_stays),
		TEST(test_file_that_a_killed_run_left_is_replaced),
		TEST(test_name_without_a_webroot_fails_with_the_option_to_give),
		TEST(test_name_whose_webroot_is_missing_fails_alone),
		TEST(test_link_out_that_nobody_else_can_change_is_followed),
		TEST(test_link_of_the_challenge_folder_is_followed_likewise),
		TEST(test_link_through_links_is_followed_likewise),
		TEST(test_link_to_a_folder_that_others_can_write_to_is_not_followed),
		TEST(test_link_through_a_folder_that_others_can_write_to_is_not_followed),
		TEST(test_link_in_a_webroot_that_others_can_write_to_is_not_followed),
		TEST(test_owner_of_the_webroot_may_make_links_and_others_may_not),
		TEST(test_links_in_a_circle_are_given_up),
		TEST(test_another_folder_in_the_place_of_ours_is_left_alone),
		TEST(test_token_that_is_too_short_is_refused),
		TEST(test_link_that_stays_inside_is_followed),
		TEST(test_absolute_link_that_stays_inside_is_followed),
		TEST(test_webroot_itself_may_be_a_link),
		TEST(test_new_folders_belong_to_the_webroots_owner),
		TEST(test_token_that_is_no_file_name_is_refused),
		TEST(test_last_worker_removes_the_folder_that_the_first_made),
		TEST(test_files_of_a_killed_run_are_removed_by_the_next),
	};
	int status;

	if (was_plugin_process(argc, argv, &status))
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
