#include "base/buf.h"
#include "base/mem.h"
#include "base/strv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
test_an_empty_buffer_reads_as_an_empty_string(void **state)
{
	cw_auto_buf struct cw_buf buf = {0};
	cw_autofree char *taken = NULL;

	(void)state;
	assert_string_equal(cw_buf_text(&buf), "");
	cw_buf_truncate(&buf, 0);
	cw_buf_add(&buf, NULL, 0);
	assert_non_null(buf.data);
	assert_int_equal(buf.length, 0);
	cw_buf_clear(&buf);
	taken = cw_buf_take(&buf);
	assert_string_equal(taken, "");
}

static void
test_contents_grow_and_stay_terminated(void **state)
{
	cw_auto_buf struct cw_buf buf = {0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		cw_buf_add_char(&buf, 'a');
		assert_int_equal(strlen(buf.data), buf.length);
	}
	cw_buf_add_text(&buf, "xyz");
	cw_buf_add(&buf, "\0z", 2);
	assert_int_equal(buf.length, 1005);
	assert_memory_equal(buf.data + 1000, "xyz\0z", 6);
	cw_buf_truncate(&buf, 1003);
	assert_string_equal(buf.data + 1000, "xyz");
}

static void
test_formatted_text_of_any_length_fits(void **state)
{
	cw_auto_buf struct cw_buf buf = {0};

	(void)state;
	for (int width = 1; width < 300; width++) {
		cw_buf_truncate(&buf, 0);
		cw_buf_addf(&buf, "%*d", width, 7);
		assert_int_equal(buf.length, width);
		assert_int_equal(buf.data[width - 1], '7');
	}
}

static void
test_reserved_room_is_used_by_grown(void **state)
{
	cw_auto_buf struct cw_buf buf = {0};

	(void)state;
	memcpy(cw_buf_reserve(&buf, 500), "hello", 5);
	cw_buf_grown(&buf, 5);
	assert_string_equal(cw_buf_text(&buf), "hello");
	cw_buf_wipe(&buf);
	assert_null(buf.data);
	cw_buf_add_text(&buf, "again");
	assert_string_equal(cw_buf_text(&buf), "again");
}

static jmp_buf out_of_memory;

static void
leave(void)
{
	longjmp(out_of_memory, 1);
}

static void
test_impossible_sizes_call_the_handler(void **state)
{
	static struct cw_buf buf;
	volatile int calls = 0;

	(void)state;
	cw_set_nomem_handler(leave);
	if (setjmp(out_of_memory) == 0)
		cw_buf_reserve(&buf, SIZE_MAX - 3);
	else
		calls++;
	if (setjmp(out_of_memory) == 0)
		free(cw_calloc(SIZE_MAX / 2, 3));
	else
		calls++;
	if (setjmp(out_of_memory) == 0)
		free(cw_realloc(NULL, SIZE_MAX / 2, 3));
	else
		calls++;
	if (setjmp(out_of_memory) == 0)
		free(cw_memdup("", SIZE_MAX));
	else
		calls++;
	cw_set_nomem_handler(NULL);
	assert_int_equal(calls, 4);
}

static void
test_a_vector_is_terminated_and_owns_its_items(void **state)
{
	cw_auto_strv struct cw_strv strv = {0}, copy = {0};
	char text[] = "first";

	(void)state;
	assert_null(cw_strv_items(&strv)[0]);
	cw_strv_add(&strv, text);
	text[0] = 'F';
	for (int i = 0; i < 40; i++)
		cw_strv_addf(&strv, "item %d", i);
	assert_int_equal(strv.count, 41);
	assert_string_equal(strv.items[0], "first");
	assert_null(cw_strv_items(&strv)[41]);
	cw_strv_copy(&copy, &strv);
	cw_strv_copy(&copy, &copy);
	cw_strv_add_all(&copy, &copy);
	assert_int_equal(copy.count, 82);
	assert_string_equal(copy.items[81], "item 39");
	cw_strv_remove(&strv, 0);
	cw_strv_remove(&strv, 99);
	assert_int_equal(strv.count, 40);
	assert_string_equal(strv.items[0], "item 0");
	assert_null(strv.items[40]);
}

static void
test_split_drops_blanks_and_empty_parts(void **state)
{
	cw_auto_strv struct cw_strv strv = {0};
	cw_autofree char *joined = NULL;

	(void)state;
	cw_strv_split(&strv, " b , a,, \t,c d\n", ',');
	cw_strv_split(&strv, "", ',');
	assert_int_equal(strv.count, 3);
	assert_true(cw_strv_contains(&strv, "c d"));
	assert_false(cw_strv_add_unique(&strv, "a"));
	assert_true(cw_strv_add_unique(&strv, "aa"));
	cw_strv_sort(&strv);
	joined = cw_strv_join(&strv, "|");
	assert_string_equal(joined, "a|aa|b|c d");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_buffer_reads_as_an_empty_string),
		cmocka_unit_test(test_contents_grow_and_stay_terminated),
		cmocka_unit_test(test_formatted_text_of_any_length_fits),
		cmocka_unit_test(test_reserved_room_is_used_by_grown),
		cmocka_unit_test(test_impossible_sizes_call_the_handler),
		cmocka_unit_test(test_a_vector_is_terminated_and_owns_its_items),
		cmocka_unit_test(test_split_drops_blanks_and_empty_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
