#include "base/mem.h"
#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
test_what_was_taken_stays_while_more_is_taken(void **state)
{
	struct cw_pool pool = {0};
	char *taken[500];

	(void)state;
	for (int i = 0; i < (int)CW_COUNT(taken); i++)
		taken[i] = cw_pool_format(&pool, "%d of %zu", i, CW_COUNT(taken));
	for (int i = 0; i < (int)CW_COUNT(taken); i++) {
		cw_autofree char *expected = cw_format("%d of %zu", i, CW_COUNT(taken));

		assert_string_equal(taken[i], expected);
	}
	cw_pool_clear(&pool);
	cw_pool_clear(&pool);
}

static void
test_pieces_of_any_size_end_with_a_nul(void **state)
{
	cw_autofree char *bytes = cw_alloc(10000);
	struct cw_pool pool = {0};

	(void)state;
	memset(bytes, 'x', 10000);
	for (size_t length = 0; length < 10000; length += 97) {
		const char *copy = cw_pool_memdup(&pool, bytes, length);

		assert_int_equal(strlen(copy), length);
	}
	assert_string_equal(cw_pool_memdup(&pool, NULL, 0), "");
	assert_null(cw_pool_strdup(&pool, NULL));
	assert_string_equal(cw_pool_strdup(&pool, "text"), "text");
	cw_pool_clear(&pool);
}

static jmp_buf no_memory;

static void
leave(void)
{
	longjmp(no_memory, 1);
}

static void
test_an_impossible_size_calls_the_handler(void **state)
{
	struct cw_pool pool = {0};

	(void)state;
	cw_set_nomem_handler(leave);
	if (setjmp(no_memory) == 0) {
		const char *copy = cw_pool_memdup(&pool, "", SIZE_MAX);

		fail_msg("there was memory for it at %p", (const void *)copy);
	}
	cw_set_nomem_handler(NULL);
	cw_pool_clear(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_taken_stays_while_more_is_taken),
		cmocka_unit_test(test_pieces_of_any_size_end_with_a_nul),
		cmocka_unit_test(test_an_impossible_size_calls_the_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
