/* Files with secrets under checkpoints. */
#include "store/checkpoint.h"

#include "crypto/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

#include "checkpoint_fixture.h"

#define KEY "-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----\n"
#define NEWER_KEY "-----BEGIN PRIVATE KEY-----\ndef\n-----END PRIVATE KEY-----\n"

static unsigned
mode_of(const char *name)
{
	cw_autofree char *path = scratch_path(name);
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 07777;
}

static int
put(const char *name, const char *text, unsigned mode, bool secret)
{
	const struct cw_checkpoint_file file = {
		.data = text,
		.length = text != NULL ? strlen(text) : 0,
		.secret = secret,
		.mode = mode,
		.owner = (uid_t)-1,
		.group = (gid_t)-1,
	};
	cw_autofree char *path = scratch_path(name);

	return cw_checkpoints_put(checkpoints, path, &file, NULL);
}

static void
commit(const char *title)
{
	assert_int_equal(cw_checkpoints_commit(checkpoints, title, NULL), CW_OK);
}

/* Whether any file below FOLDER says TEXT, and that such files, and folders of secrets, are
 * private. */
static bool
has_text(const char *folder, const char *text)
{
	cw_autofree char *command = NULL;
	cw_autofree char *path = scratch_path(folder);

	command = cw_format("find '%s' -perm /077 -type f -exec grep -q -e '%s' {} \\; -print | "
			    "grep -q . && exit 2; "
			    "find '%s' -name secret -perm /077 | grep -q . && exit 2; "
			    "grep -qr -e '%s' '%s'",
			    path, text, path, text, path);
	switch (WEXITSTATUS(system(command))) {
	case 0: return true;
	case 1: return false;
	default: fail_msg("others can read a secret below %s", path); return false;
	}
}

static void
test_pem_keys_are_recognized(void **state)
{
	static const char certificate[] = "-----BEGIN CERTIFICATE-----\nPRIVATE KEY-----\n";

	(void)state;
	assert_true(cw_pem_has_private_key(KEY, strlen(KEY)));
	assert_true(cw_pem_has_private_key("x\n" NEWER_KEY, strlen("x\n" NEWER_KEY)));
	assert_false(cw_pem_has_private_key(certificate, strlen(certificate)));
	assert_false(cw_pem_has_private_key(KEY, 12));
	assert_false(cw_pem_has_private_key("", 0));
}

static void
test_new_file_with_a_key_is_private(void **state)
{
	(void)state;
	edit("etc/combined.pem", KEY);
	assert_int_equal(mode_of("etc/combined.pem"), 0600);
	edit("etc/plain.conf", "x\n");
	assert_int_equal(mode_of("etc/plain.conf"), 0644);
}

static void
test_mode_is_what_is_given(void **state)
{
	(void)state;
	assert_int_equal(put("etc/store.jks", "binary", 0, true), CW_OK);
	assert_int_equal(mode_of("etc/store.jks"), 0600);
	assert_int_equal(put("etc/store.jks", "binary", 0640, true), CW_OK);
	assert_int_equal(mode_of("etc/store.jks"), 0640);
	assert_int_equal(put("etc/site.conf", "new\n", 0, false), CW_OK);
	assert_int_equal(mode_of("etc/site.conf"), 0640);
	assert_int_equal(put("etc/site.conf", "newer\n", 0, true), CW_OK);
	assert_int_equal(mode_of("etc/site.conf"), 0600);
	revert();
	assert_true(scratch_says("etc/site.conf", "old\n"));
	assert_int_equal(mode_of("etc/site.conf"), 0640);
	assert_false(scratch_has("etc/store.jks"));
}

static void
test_secret_is_restored_by_a_revert(void **state)
{
	(void)state;
	scratch_write("etc/combined.pem", KEY, 0640);
	assert_int_equal(put("etc/combined.pem", NEWER_KEY, 0, false), CW_OK);
	assert_int_equal(mode_of("etc/combined.pem"), 0640);
	assert_true(has_text("work", "abc"));
	revert();
	assert_true(scratch_says("etc/combined.pem", KEY));
	assert_int_equal(mode_of("etc/combined.pem"), 0640);
}

static void
test_secret_is_restored_when_its_change_failed(void **state)
{
	(void)state;
	scratch_write("etc/combined.pem", KEY, 0600);
	edit("etc/combined.pem", NEWER_KEY);
	commit("kept");
	assert_true(has_text("work", "abc"));
	assert_int_equal(cw_checkpoints_undo(work, config, 1, NULL), CW_OK);
	assert_true(scratch_says("etc/combined.pem", KEY));
	assert_false(has_text("work", "abc"));
}

static void
test_rollback_never_brings_an_old_key_back(void **state)
{
	cw_auto_strv struct cw_strv lineages = {0}, of = {0};

	(void)state;
	scratch_write("etc/combined.pem", KEY, 0600);
	edit("etc/site.conf", "new\n");
	edit("etc/combined.pem", NEWER_KEY);
	edit("etc/another.pem", NEWER_KEY);
	cw_strv_add(&of, "one.example");
	cw_checkpoints_set_lineages(checkpoints, &of);
	commit("kept");
	assert_int_equal(cw_checkpoints_settle(work, NULL), CW_OK);
	assert_false(has_text("work", "PRIVATE"));
	assert_int_equal(cw_checkpoints_lineages(work, 1, &lineages, NULL), CW_OK);
	assert_true(cw_strv_contains(&lineages, "one.example"));
	assert_int_equal(cw_checkpoints_rollback(work, config, 1, NULL), CW_OK);
	assert_true(scratch_says("etc/site.conf", "old\n"));
	assert_true(scratch_says("etc/combined.pem", NEWER_KEY));
	assert_true(scratch_says("etc/another.pem", NEWER_KEY));
}

static void
test_rollback_of_what_was_not_settled_brings_no_key_back(void **state)
{
	(void)state;
	scratch_write("etc/combined.pem", KEY, 0600);
	edit("etc/combined.pem", NEWER_KEY);
	commit("kept");
	assert_int_equal(cw_checkpoints_rollback(work, config, 1, NULL), CW_OK);
	assert_true(scratch_says("etc/combined.pem", NEWER_KEY));
	assert_false(has_text("work", "PRIVATE"));
}

static void
test_file_that_becomes_secret_is_reverted_in_order(void **state)
{
	(void)state;
	edit("etc/site.conf", "placeholder\n");
	edit("etc/site.conf", KEY);
	edit("etc/site.conf", "no key any more\n");
	revert();
	assert_true(scratch_says("etc/site.conf", "old\n"));
	edit("etc/site.conf", "placeholder\n");
	edit("etc/site.conf", KEY);
	commit("kept");
	assert_int_equal(cw_checkpoints_rollback(work, config, 1, NULL), CW_OK);
	assert_true(scratch_says("etc/site.conf", KEY));
}

static void
test_removed_secret_is_restored_only_by_a_revert(void **state)
{
	(void)state;
	scratch_write("etc/combined.pem", KEY, 0640);
	assert_int_equal(put("etc/combined.pem", NULL, 0, false), CW_OK);
	assert_false(scratch_has("etc/combined.pem"));
	revert();
	assert_true(scratch_says("etc/combined.pem", KEY));
	assert_int_equal(mode_of("etc/combined.pem"), 0640);
	assert_int_equal(put("etc/combined.pem", NULL, 0, false), CW_OK);
	commit("kept");
	assert_int_equal(cw_checkpoints_rollback(work, config, 1, NULL), CW_OK);
	assert_false(scratch_has("etc/combined.pem"));
}

static void
test_secrets_become_temporary_with_the_others(void **state)
{
	struct cw_checkpoints *temporary = cw_checkpoints_open(work, config, true);
	cw_autofree char *path = scratch_path("etc/later.pem");

	(void)state;
	scratch_write("etc/combined.pem", KEY, 0600);
	assert_int_equal(cw_checkpoints_write(temporary, path, KEY, strlen(KEY), NULL, 0, NULL),
			 CW_OK);
	edit("etc/combined.pem", NEWER_KEY);
	commit(NULL);
	cw_checkpoints_close(temporary);
	assert_true(has_text(TEMPORARY, "abc"));
	revert();
	assert_true(scratch_says("etc/combined.pem", KEY));
	assert_false(scratch_has("etc/later.pem"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pem_keys_are_recognized),
		cmocka_unit_test_setup_teardown(test_new_file_with_a_key_is_private, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_mode_is_what_is_given, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_secret_is_restored_by_a_revert, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_secret_is_restored_when_its_change_failed,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rollback_never_brings_an_old_key_back, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			test_rollback_of_what_was_not_settled_brings_no_key_back, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_file_that_becomes_secret_is_reverted_in_order,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed_secret_is_restored_only_by_a_revert,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_secrets_become_temporary_with_the_others,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
