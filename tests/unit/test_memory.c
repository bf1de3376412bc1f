#include "base/file.h"
#include "base/text.h"
#include "store/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "scratch.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

static void
fail_renewal(const char *message)
{
	cw_auto_error struct cw_error failure = {0};

	cw_fail(&failure, CW_E_ACME, "%s", message);
	assert_int_equal(cw_memory_failed(scratch, "a.test", &failure, NULL), CW_OK);
}

static const char *
message_of(struct json_object *memory)
{
	struct json_object *failure = cw_json_object(memory, "last_failure");

	assert_non_null(cw_json_string(failure, "time"));
	return cw_json_string(cw_json_object(failure, "error"), "message");
}

static void
test_nothing_is_remembered_of_what_nobody_told(void **state)
{
	(void)state;
	assert_null(cw_memory_read(scratch, "a.test"));
	cw_memory_forget(scratch, "a.test");
}

static void
test_the_last_failure_and_the_revocation_are_remembered_until_they_are_forgotten(void **state)
{
	cw_auto_json struct json_object *memory = NULL;

	(void)state;
	fail_renewal("first");
	assert_int_equal(cw_memory_revoked(scratch, "a.test", "0a0b", NULL), CW_OK);
	fail_renewal("second");
	memory = cw_memory_read(scratch, "a.test");
	assert_string_equal(message_of(memory), "second");
	assert_string_equal(cw_json_string(cw_json_object(memory, "revoked"), "serial"), "0a0b");
	assert_null(cw_memory_read(scratch, "b.test"));
	cw_memory_forget(scratch, "a.test");
	assert_null(cw_memory_read(scratch, "a.test"));
}

static void
test_damaged_memory_is_none(void **state)
{
	static const char *const texts[] = {"", "{", "[1]", "null", "\"x\""};
	cw_auto_json struct json_object *memory = NULL;

	(void)state;
	fail_renewal("first");
	for (size_t i = 0; i < CW_COUNT(texts); i++) {
		scratch_write("certwright/lineages/a.test.json", texts[i], 0600);
		memory = cw_memory_read(scratch, "a.test");
		assert_null(cw_json_object(memory, "last_failure"));
		json_object_put(memory);
		memory = NULL;
	}
	fail_renewal("again");
	memory = cw_memory_read(scratch, "a.test");
	assert_string_equal(message_of(memory), "again");
}

static void
test_only_the_owner_can_read_it(void **state)
{
	cw_autofree char *path = NULL;
	struct stat status;

	(void)state;
	fail_renewal("first");
	path = scratch_path("certwright/lineages/a.test.json");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_remembered_of_what_nobody_told),
		TEST(test_the_last_failure_and_the_revocation_are_remembered_until_they_are_forgotten),
		TEST(test_damaged_memory_is_none),
		TEST(test_only_the_owner_can_read_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
