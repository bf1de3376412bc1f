#include "crypto/key.h"
#include "store/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

#include "memory_search.h"
#include "scratch.h"

#define SERVER "https://ca.test:14000/acme/dir"
#define FOLDER "accounts/ca.test:14000/acme/dir"
#define URI "https://ca.test:14000/account/1"
#define NEWER "https://acme-v02.api.letsencrypt.org/directory"
#define OLDER "https://acme-v01.api.letsencrypt.org/directory"
#define NEWER_FOLDER "accounts/acme-v02.api.letsencrypt.org/directory"
#define OLDER_FOLDER "accounts/acme-v01.api.letsencrypt.org/directory"

static struct cw_account *
new_account(const char *server)
{
	const struct cw_key_spec spec = {.type = CW_KEY_EC, .curve = "secp256r1"};
	struct cw_account *account = cw_alloc(sizeof(*account));

	assert_int_equal(cw_key_generate(&spec, &account->key, NULL), CW_OK);
	account->id = cw_key_account_id(account->key);
	account->server = cw_strdup(server);
	account->uri = cw_strdup(URI);
	account->creation_date = cw_strdup("2026-01-31T12:00:00Z");
	account->creation_host = cw_strdup("host.test");
	account->body = cw_json_new_object();
	return account;
}

static struct cw_account *
saved_account(const char *server)
{
	struct cw_account *account = new_account(server);

	assert_int_equal(cw_account_save(scratch, account, NULL), CW_OK);
	return account;
}

static struct cw_account *
load(const char *server, const char *id)
{
	struct cw_account *account;

	assert_int_equal(cw_account_load(scratch, server, id, &account, NULL), CW_OK);
	return account;
}

static size_t
listed(const char *server)
{
	cw_auto_strv struct cw_strv ids = {0};

	assert_int_equal(cw_account_list(scratch, server, &ids, NULL), CW_OK);
	return ids.count;
}

static void
test_folder_is_made_from_the_servers_url(void **state)
{
	const struct {
		const char *server, *folder;
	} cases[] = {
		{"https://ca.test/directory", "accounts/ca.test/directory"},
		{"HTTPS://CA.test:14000/a/b", "accounts/CA.test:14000/a/b"},
		{"http://127.0.0.1:4000/dir?x=/y#z", "accounts/127.0.0.1:4000/dir"},
		{"https://ca.test", "accounts/ca.test"},
		{"https://ca.test/", "accounts/ca.test"},
		{"https://ca.test//a//b/", "accounts/ca.test/a/b"},
		{"https://ca.test/a;b/c;d", "accounts/ca.test/a;b/c"},
		{"https://[::1]:14000/dir", "accounts/[::1]:14000/dir"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_autofree char *expected = scratch_path(cases[i].folder);
		cw_autofree char *folder = NULL;

		assert_int_equal(cw_account_folder(scratch, cases[i].server, &folder, NULL), CW_OK);
		assert_string_equal(folder, expected);
	}
}

static void
test_what_is_no_url_of_a_server_is_refused(void **state)
{
	const char *const servers[] = {"",
				       "ca.test",
				       "ftp://ca.test/dir",
				       "https:///x",
				       "https://a/../../x",
				       "https://../x",
				       "https://a/\nb"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(servers); i++) {
		cw_autofree char *folder = NULL;

		assert_int_equal(cw_account_folder(scratch, servers[i], &folder, NULL),
				 CW_E_INVALID);
		assert_null(folder);
	}
}

static void
test_saved_account_is_listed_and_loaded(void **state)
{
	cw_auto_account struct cw_account *account = saved_account(SERVER);
	cw_auto_account struct cw_account *loaded = NULL;
	cw_auto_strv struct cw_strv ids = {0};

	(void)state;
	assert_int_equal(cw_account_list(scratch, SERVER, &ids, NULL), CW_OK);
	assert_int_equal(ids.count, 1);
	assert_string_equal(ids.items[0], account->id);
	loaded = load(SERVER, account->id);
	assert_string_equal(loaded->uri, URI);
	assert_string_equal(loaded->server, SERVER);
	assert_string_equal(loaded->creation_date, "2026-01-31T12:00:00Z");
	assert_string_equal(loaded->creation_host, "host.test");
	assert_true(cw_key_equal(loaded->key, account->key));
	assert_int_equal(listed("https://other.test/dir"), 0);
}

static void
test_account_is_for_its_owner_only(void **state)
{
	mode_t mask = umask(0);
	cw_auto_account struct cw_account *account = saved_account(SERVER);
	cw_autofree char *folder = cw_format(FOLDER "/%s", account->id);
	cw_autofree char *key = cw_format("%s/private_key.json", folder);
	cw_autofree char *registration = cw_format("%s/regr.json", folder);
	cw_autofree char *meta = cw_format("%s/meta.json", folder);

	(void)state;
	umask(mask);
	assert_int_equal(scratch_mode("accounts"), 0700);
	assert_int_equal(scratch_mode("accounts/ca.test:14000"), 0700);
	assert_int_equal(scratch_mode("accounts/ca.test:14000/acme"), 0700);
	assert_int_equal(scratch_mode(FOLDER), 0700);
	assert_int_equal(scratch_mode(folder), 0700);
	assert_int_equal(scratch_mode(key), 0400);
	assert_true(scratch_says(registration, "{\"body\":{},\"uri\":\"" URI "\"}"));
	assert_true(scratch_says(meta,
				 "{\"creation_dt\":\"2026-01-31T12:00:00Z\","
				 "\"creation_host\":\"host.test\",\"register_to_eff\":null}"));
	assert_int_equal(scratch_count(FOLDER), 1);
}

static void
test_saving_again_changes_only_the_registration(void **state)
{
	cw_auto_account struct cw_account *account = saved_account(SERVER);
	cw_auto_account struct cw_account *loaded = NULL;
	cw_autofree char *meta = cw_format(FOLDER "/%s/meta.json", account->id);
	cw_autofree char *registration = cw_format(FOLDER "/%s/regr.json", account->id);

	(void)state;
	scratch_write(meta, "{\"creation_dt\": \"x\", \"creation_host\": \"h\"}", 0644);
	scratch_write(registration, "{\"uri\": \"old\", \"new_authzr_uri\": \"kept\"}", 0644);
	free(account->uri);
	account->uri = cw_strdup("https://ca.test/new");
	assert_int_equal(cw_account_save(scratch, account, NULL), CW_OK);
	assert_true(scratch_says(meta, "{\"creation_dt\": \"x\", \"creation_host\": \"h\"}"));
	assert_true(scratch_says(registration,
				 "{\"uri\":\"https://ca.test/new\",\"new_authzr_uri\":"
				 "\"kept\",\"body\":{}}"));
	loaded = load(SERVER, account->id);
	assert_string_equal(loaded->uri, "https://ca.test/new");
}

static void
test_incomplete_account_is_not_listed_and_completed_when_saved(void **state)
{
	cw_auto_account struct cw_account *account = saved_account(SERVER);
	cw_autofree char *name = cw_format(FOLDER "/%s/private_key.json", account->id);
	cw_autofree char *path = scratch_path(name);
	cw_auto_error struct cw_error error = {0};
	struct cw_account *loaded;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(listed(SERVER), 0);
	assert_int_equal(cw_account_load(scratch, SERVER, account->id, &loaded, &error),
			 CW_E_NOT_FOUND);
	assert_non_null(strstr(error.cause->message, path));
	assert_int_equal(cw_account_save(scratch, account, NULL), CW_OK);
	assert_int_equal(scratch_mode(name), 0400);
	assert_int_equal(listed(SERVER), 1);
}

static void
test_corrupt_file_of_an_account_is_named(void **state)
{
	const char *const names[] = {"private_key.json", "regr.json", "meta.json"};
	const char *const contents[] = {"", "{", "[]", "{\"uri\":1}"};
	cw_auto_account struct cw_account *account = saved_account(SERVER);

	(void)state;
	for (size_t i = 0; i < CW_COUNT(names); i++) {
		cw_autofree char *name = cw_format(FOLDER "/%s/%s", account->id, names[i]);
		cw_autofree char *path = scratch_path(name);
		cw_auto_buf struct cw_buf good = {0};

		assert_int_equal(cw_file_read(path, 1 << 20, &good, NULL), CW_OK);
		for (size_t j = 0; j < CW_COUNT(contents) - (i == 2); j++) {
			cw_auto_error struct cw_error error = {0};
			cw_autofree char *line = NULL;
			struct cw_account *loaded;

			scratch_write(name, contents[j], 0600);
			assert_int_not_equal(
				cw_account_load(scratch, SERVER, account->id, &loaded, &error),
				CW_OK);
			assert_null(loaded);
			line = cw_error_line(&error);
			assert_non_null(strstr(line, path));
			assert_true(scratch_says(name, contents[j]));
		}
		scratch_write(name, cw_buf_text(&good), 0600);
	}
}

static void
test_id_is_no_path(void **state)
{
	const char *const ids[] = {"", ".", "..", "../x", "a/b", ".certwright-x"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(ids); i++) {
		struct cw_account *account;

		assert_int_equal(cw_account_load(scratch, SERVER, ids[i], &account, NULL),
				 CW_E_INVALID);
	}
}

static void
test_what_a_killed_run_left_half_made_is_cleared_away(void **state)
{
	(void)state;
	scratch_write(FOLDER "/.certwright-0123/private_key.json", "{}", 0400);
	assert_int_equal(listed(SERVER), 0);
	cw_account_free(saved_account(SERVER));
	assert_int_equal(scratch_count(FOLDER), 1);
	assert_int_equal(listed(SERVER), 1);
}

static void
test_deleted_account_goes_with_the_folders_it_was_in(void **state)
{
	cw_auto_account struct cw_account *first = saved_account(SERVER);
	cw_auto_account struct cw_account *second = saved_account(SERVER);

	(void)state;
	assert_int_equal(cw_account_delete(scratch, first, NULL), CW_OK);
	assert_int_equal(listed(SERVER), 1);
	assert_int_equal(cw_account_delete(scratch, second, NULL), CW_OK);
	assert_int_equal(cw_account_delete(scratch, second, NULL), CW_OK);
	assert_int_equal(scratch_count("accounts"), 0);
	assert_true(scratch_has("accounts"));
}

static void
test_account_with_another_key_has_another_id(void **state)
{
	const struct cw_key_spec spec = {.type = CW_KEY_EC, .curve = "secp384r1"};
	cw_auto_account struct cw_account *account = saved_account(SERVER);
	cw_auto_account struct cw_account *loaded = NULL;
	cw_auto_account struct cw_account *next = NULL;
	cw_autofree char *old = cw_strdup(account->id);
	cw_autofree char *meta = cw_format(FOLDER "/%s/meta.json", old);
	cw_autofree char *new_meta = NULL;
	struct cw_key *key;

	(void)state;
	scratch_write(meta,
		      "{\"creation_dt\":\"2026-01-31T12:00:00Z\",\"creation_host\":"
		      "\"host.test\",\"register_to_eff\":\"a@b.test\"}",
		      0644);
	assert_int_equal(cw_account_add_key(scratch, account, account->key, &next, NULL),
			 CW_E_INVALID);
	assert_int_equal(cw_key_generate(&spec, &key, NULL), CW_OK);
	assert_int_equal(cw_account_add_key(scratch, account, key, &next, NULL), CW_OK);
	assert_string_not_equal(account->id, next->id);
	assert_int_equal(scratch_count(FOLDER), 2);
	assert_int_equal(cw_account_delete(scratch, account, NULL), CW_OK);
	assert_int_equal(scratch_count(FOLDER), 1);
	loaded = load(SERVER, next->id);
	assert_true(cw_key_equal(loaded->key, next->key));
	assert_string_equal(loaded->uri, URI);
	new_meta = cw_format(FOLDER "/%s/meta.json", next->id);
	assert_true(scratch_says(new_meta,
				 "{\"creation_dt\":\"2026-01-31T12:00:00Z\",\"creation_host\":"
				 "\"host.test\",\"register_to_eff\":\"a@b.test\"}"));
}

static bool
is_link_to(const char *name, const char *target_name)
{
	cw_autofree char *path = scratch_path(name);
	cw_autofree char *expected = scratch_path(target_name);
	cw_autofree char *target = NULL;

	return cw_file_readlink(path, &target, NULL) == CW_OK && strcmp(target, expected) == 0;
}

static void
test_accounts_of_the_older_server_are_taken_over_by_a_link(void **state)
{
	cw_auto_account struct cw_account *account = saved_account(OLDER);
	cw_auto_account struct cw_account *loaded = NULL;
	cw_autofree char *extra = scratch_path(NEWER_FOLDER "/x");

	(void)state;
	scratch_write(NEWER_FOLDER "/x", "", 0644);
	assert_int_equal(listed(NEWER), 1);
	assert_false(is_link_to(NEWER_FOLDER, OLDER_FOLDER));
	assert_int_equal(unlink(extra), 0);
	assert_int_equal(listed(NEWER), 1);
	assert_true(is_link_to(NEWER_FOLDER, OLDER_FOLDER));
	loaded = load(NEWER, account->id);
	assert_true(cw_key_equal(loaded->key, account->key));
	assert_string_equal(loaded->server, NEWER);
	/* Deleted through the link, both are gone. */
	assert_int_equal(cw_account_delete(scratch, loaded, NULL), CW_OK);
	assert_int_equal(scratch_count("accounts"), 0);
}

static void
test_single_account_of_the_older_server_is_linked_beside_others(void **state)
{
	cw_auto_account struct cw_account *older = saved_account(OLDER);
	cw_auto_account struct cw_account *newer = saved_account(NEWER);
	cw_autofree char *link = cw_format(NEWER_FOLDER "/%s", older->id);
	cw_autofree char *target = cw_format(OLDER_FOLDER "/%s", older->id);

	(void)state;
	assert_int_equal(listed(NEWER), 1);
	cw_account_free(load(NEWER, older->id));
	assert_true(is_link_to(link, target));
	assert_int_equal(listed(NEWER), 2);
	/* Deleted at the older server, the link goes with it. */
	assert_int_equal(cw_account_delete(scratch, older, NULL), CW_OK);
	assert_int_equal(listed(NEWER), 1);
	assert_false(scratch_has(link));
	assert_int_equal(cw_account_delete(scratch, newer, NULL), CW_OK);
	assert_int_equal(scratch_count("accounts"), 0);
}

static void
test_new_servers_accounts_are_not_looked_for_at_the_old(void **state)
{
	cw_auto_account struct cw_account *account = saved_account(NEWER);
	struct cw_account *loaded;

	(void)state;
	assert_int_equal(listed(OLDER), 0);
	assert_int_equal(cw_account_load(scratch, OLDER, account->id, &loaded, NULL),
			 CW_E_NOT_FOUND);
}

static void
test_the_key_does_not_stay_in_memory(void **state)
{
	struct cw_account *account = new_account(SERVER);
	cw_auto_secret_json struct json_object *jwk = cw_key_to_jwk(account->key);
	cw_autofree char *id = cw_strdup(account->id);
	struct sought sought;

	(void)state;
	seek(&sought, cw_json_string(jwk, "d"));
	if (count_in_heap(&sought) == 0) {
		/* A sanitizer or valgrind has its own heap. */
		cw_account_free(account);
		cw_json_wipe(&jwk);
		free(cw_take(&id));
		skip();
	}
	cw_json_wipe(&jwk);
	assert_int_equal(cw_account_save(scratch, account, NULL), CW_OK);
	cw_account_free(account);
	account = load(SERVER, id);
	cw_account_free(account);
	assert_int_equal(count_in_heap(&sought), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_folder_is_made_from_the_servers_url),
		TEST(test_what_is_no_url_of_a_server_is_refused),
		TEST(test_saved_account_is_listed_and_loaded),
		TEST(test_account_is_for_its_owner_only),
		TEST(test_saving_again_changes_only_the_registration),
		TEST(test_incomplete_account_is_not_listed_and_completed_when_saved),
		TEST(test_corrupt_file_of_an_account_is_named),
		TEST(test_id_is_no_path),
		TEST(test_what_a_killed_run_left_half_made_is_cleared_away),
		TEST(test_deleted_account_goes_with_the_folders_it_was_in),
		TEST(test_account_with_another_key_has_another_id),
		TEST(test_accounts_of_the_older_server_are_taken_over_by_a_link),
		TEST(test_single_account_of_the_older_server_is_linked_beside_others),
		TEST(test_new_servers_accounts_are_not_looked_for_at_the_old),
		TEST(test_the_key_does_not_stay_in_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
