#include "base/text.h"
#include "store/pending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <unistd.h>

/* After ours: its macro fail() would change a member of struct cw_host. */
#include <cmocka.h>

#include "memory_search.h"
#include "scratch.h"

#define URL "https://ca.test/order/1"
#define KEY "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"

static char *names[] = {(char *)"dns:b.test", (char *)"dns:a.test", NULL};
static const struct cw_strv identifiers = {names, 2, 3};

static struct cw_pending_binding
usual_binding(void)
{
	return (struct cw_pending_binding){.server = "https://ca.test/dir",
					   .account = "0123456789abcdef0123456789abcdef",
					   .identifiers = &identifiers,
					   .lineage = "a.test",
					   .key = "ecdsa:secp256r1"};
}

static void
save_usual(void)
{
	const struct cw_pending_binding binding = usual_binding();
	struct cw_pending *pending;

	assert_int_equal(cw_pending_save(scratch, &binding, URL, KEY, &pending, NULL), CW_OK);
	cw_pending_free(pending);
}

static struct cw_pending *
find(const struct cw_pending_binding *binding)
{
	struct cw_pending *pending;

	assert_int_equal(cw_pending_find(scratch, binding, &pending, NULL), CW_OK);
	return pending;
}

static char *
only_record(void)
{
	cw_autofree char *folder = scratch_path("certwright/orders");
	cw_auto_strv struct cw_strv found = {0};

	assert_int_equal(cw_folder_list(folder, false, &found, NULL), CW_OK);
	assert_int_equal(found.count, 1);
	return cw_format("certwright/orders/%s", found.items[0]);
}

static void
test_order_is_found_again_whatever_the_order_of_its_names(void **state)
{
	char *turned[] = {names[1], names[0], names[1], NULL};
	const struct cw_strv same = {turned, 3, 4};
	struct cw_pending_binding binding = usual_binding();
	struct cw_pending *pending;

	(void)state;
	assert_null(find(&binding));
	assert_int_equal(scratch_count("."), 0);
	save_usual();
	binding.identifiers = &same;
	pending = find(&binding);
	assert_non_null(pending);
	assert_string_equal(pending->order_url, URL);
	assert_string_equal(pending->key_pem, KEY);
	cw_pending_free(pending);
}

static void
test_records_are_for_their_owner_only(void **state)
{
	cw_autofree char *record = NULL;
	mode_t mask = umask(0);

	(void)state;
	save_usual();
	umask(mask);
	record = only_record();
	assert_int_equal(scratch_mode(record), 0600);
	assert_int_equal(scratch_mode("certwright/orders"), 0700);
}

static void
test_order_is_not_found_when_anything_differs(void **state)
{
	char *one[] = {names[0], NULL};
	const struct cw_strv fewer = {one, 1, 2};
	struct cw_pending_binding binding;
	const size_t offsets[] = {offsetof(struct cw_pending_binding, server),
				  offsetof(struct cw_pending_binding, account),
				  offsetof(struct cw_pending_binding, profile),
				  offsetof(struct cw_pending_binding, replaces),
				  offsetof(struct cw_pending_binding, lineage),
				  offsetof(struct cw_pending_binding, key)};

	(void)state;
	save_usual();
	for (size_t i = 0; i < CW_COUNT(offsets); i++) {
		const char *other = "other";

		binding = usual_binding();
		memcpy((char *)&binding + offsets[i], &other, sizeof(other));
		assert_null(find(&binding));
	}
	binding = usual_binding();
	binding.identifiers = &fewer;
	assert_null(find(&binding));
	binding = usual_binding();
	binding.profile = "";
	assert_null(find(&binding));
}

static void
test_saving_again_replaces_the_record(void **state)
{
	const struct cw_pending_binding binding = usual_binding();
	struct cw_pending *pending;

	(void)state;
	save_usual();
	assert_int_equal(
		cw_pending_save(scratch, &binding, "https://ca.test/2", NULL, &pending, NULL),
		CW_OK);
	cw_pending_free(pending);
	assert_int_equal(scratch_count("certwright/orders"), 1);
	pending = find(&binding);
	assert_string_equal(pending->order_url, "https://ca.test/2");
	assert_null(pending->key_pem);
	cw_pending_free(pending);
}

static void
test_removed_order_is_forgotten(void **state)
{
	const struct cw_pending_binding binding = usual_binding();
	struct cw_pending *pending;

	(void)state;
	save_usual();
	pending = find(&binding);
	assert_int_equal(cw_pending_remove(pending, NULL), CW_OK);
	assert_int_equal(cw_pending_remove(pending, NULL), CW_OK);
	cw_pending_free(pending);
	assert_null(find(&binding));
	assert_int_equal(scratch_count("certwright/orders"), 0);
}

static void
test_corrupt_record_is_removed(void **state)
{
	const char *const contents[] = {"", "{\"binding\":", "[]", "{\"order\":\"https://x\"}",
					"{\"binding\":{},\"order\":\"https://x\"}"};
	const struct cw_pending_binding binding = usual_binding();

	(void)state;
	for (size_t i = 0; i < CW_COUNT(contents); i++) {
		cw_autofree char *record = NULL;

		save_usual();
		record = only_record();
		scratch_write(record, contents[i], 0600);
		assert_null(find(&binding));
		assert_int_equal(scratch_count("certwright/orders"), 0);
	}
}

static void
test_old_records_are_swept_and_young_ones_stay(void **state)
{
	const struct timeval old[] = {{1000000000, 0}, {1000000000, 0}};
	cw_autofree char *record = NULL;
	cw_autofree char *path = NULL;

	(void)state;
	cw_pending_sweep(scratch, 3600);
	save_usual();
	cw_pending_sweep(scratch, 3600);
	record = only_record();
	path = scratch_path(record);
	assert_int_equal(utimes(path, old), 0);
	scratch_write("certwright/orders/.cw-0011223344556677.tmp", "half a key", 0600);
	free(path);
	path = scratch_path("certwright/orders/.cw-0011223344556677.tmp");
	assert_int_equal(utimes(path, old), 0);
	cw_pending_sweep(scratch, 3600);
	assert_int_equal(scratch_count("certwright/orders"), 0);
}

static void
test_folder_that_others_can_write_to_is_not_trusted(void **state)
{
	const struct cw_pending_binding binding = usual_binding();
	cw_autofree char *folder = scratch_path("certwright/orders");
	cw_auto_error struct cw_error error = {0};
	struct cw_pending *pending;

	(void)state;
	save_usual();
	assert_int_equal(chmod(folder, 0777), 0);
	assert_int_equal(cw_pending_find(scratch, &binding, &pending, &error), CW_E_PERMISSION);
	assert_null(pending);
	assert_non_null(strstr(error.message, folder));
}

/* Of the key's text some bytes differ from line to line, so that no two parts are alike. */
static char *
telling_key(void)
{
	struct cw_buf text = {0};

	cw_buf_add_text(&text, "-----BEGIN PRIVATE KEY-----\n");
	for (int i = 0; i < 26; i++)
		cw_buf_addf(&text, "MIIkey%c%d%c\n", 'A' + i, i * 7919, 'z' - i);
	cw_buf_add_text(&text, "-----END PRIVATE KEY-----\n");
	return cw_buf_take(&text);
}

static void
test_the_key_of_an_order_does_not_stay_in_memory(void **state)
{
	const struct cw_pending_binding binding = usual_binding();
	cw_autosecret char *key = telling_key();
	struct cw_pending *pending;
	struct sought sought;

	(void)state;
	seek(&sought, strstr(key, "MIIkeyM"));
	if (count_in_heap(&sought) == 0) {
		/* A sanitizer or valgrind has its own heap. */
		cw_free_secret(cw_take(&key));
		skip();
	}
	assert_int_equal(cw_pending_save(scratch, &binding, URL, key, &pending, NULL), CW_OK);
	assert_string_equal(pending->key_pem, key);
	cw_free_secret(cw_take(&key));
	assert_true(count_in_heap(&sought) >= 1);
	cw_pending_free(pending);
	pending = find(&binding);
	cw_pending_free(pending);
	assert_int_equal(count_in_heap(&sought), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order_is_found_again_whatever_the_order_of_its_names),
		TEST(test_records_are_for_their_owner_only),
		TEST(test_order_is_not_found_when_anything_differs),
		TEST(test_saving_again_replaces_the_record),
		TEST(test_removed_order_is_forgotten),
		TEST(test_corrupt_record_is_removed),
		TEST(test_old_records_are_swept_and_young_ones_stay),
		TEST(test_folder_that_others_can_write_to_is_not_trusted),
		TEST(test_the_key_of_an_order_does_not_stay_in_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
