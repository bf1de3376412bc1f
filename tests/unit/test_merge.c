#include "base/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* What cw_merge_undo() makes, or "conflict"; release with free(). */
static char *
undo(const char *original, const char *ours, const char *present)
{
	cw_auto_buf struct cw_buf a = {0}, b = {0}, c = {0}, result = {0};

	cw_buf_add_text(&a, original);
	cw_buf_add_text(&b, ours);
	cw_buf_add_text(&c, present);
	if (!cw_merge_undo(&a, &b, &c, &result)) {
		assert_int_equal(result.length, 0);
		return cw_strdup("conflict");
	}
	return cw_buf_take(&result);
}

static void
expect(const char *original, const char *ours, const char *present, const char *expected)
{
	cw_autofree char *made = undo(original, ours, present);

	assert_string_equal(made, expected);
}

static void
test_what_nobody_else_changed_is_the_original_again(void **state)
{
	(void)state;
	expect("a\nb\n", "a\nours\nb\n", "a\nours\nb\n", "a\nb\n");
	expect("", "ours\n", "ours\n", "");
	expect("a\n", "", "", "a\n");
	expect("a\nb", "a\nX\nb", "a\nX\nb", "a\nb");
}

static void
test_our_lines_go_and_others_stay(void **state)
{
	(void)state;
	expect("s {\n listen\n}\n", "s {\n ours\n listen\n}\n",
	       "s {\n ours\n listen\n more\n}\n# end\n", "s {\n listen\n more\n}\n# end\n");
	expect("a\nb\nc\n", "a\nours\nb\nc\n", "# top\na\nours\nb\n", "# top\na\nb\n");
	expect("a\nb\nc\nd\n", "a\nb1\nc\nd\n", "a\nb1\nc\nd1\n", "a\nb\nc\nd1\n");
}

static void
test_a_neighbouring_line_may_be_changed(void **state)
{
	(void)state;
	expect("s {\n listen 80\n}\n", "s {\n ours\n listen 80\n}\n", "s {\n ours\n listen 81\n}\n",
	       "s {\n listen 81\n}\n");
	expect("s {\n}\n", "s {\n ours\n}\n", "s {\n ours\n theirs\n}\n", "s {\n theirs\n}\n");
}

static void
test_what_somebody_took_out_already_is_no_conflict(void **state)
{
	(void)state;
	expect("a\nb\nc\n", "a\nours\nb\nc\n", "a\nb\nc\nd\n", "a\nb\nc\nd\n");
}

static void
test_changes_of_the_same_lines_are_a_conflict(void **state)
{
	(void)state;
	expect("a\nb\n", "a\nours\nb\n", "a\nours, edited\nb\n", "conflict");
	expect("a\nb\n", "a\nX\n", "a\nY\n", "conflict");
	expect("a\nb\n", "a\n1\n2\nb\n", "a\n1\ntheirs\n2\nb\n", "conflict");
	expect("a\nold\nb\n", "a\nb\n", "a\ntheirs\nb\n", "conflict");
}

static void
add_numbered(struct cw_buf *text, unsigned count, const char *every, unsigned step)
{
	for (unsigned i = 0; i < count; i++) {
		cw_buf_addf(text, "line %u\n", i);
		if (i % step == 0)
			cw_buf_add_text(text, every);
	}
}

static void
test_many_changes_are_given_up_and_not_waited_for(void **state)
{
	cw_auto_buf struct cw_buf original = {0}, ours = {0}, present = {0}, result = {0};

	(void)state;
	add_numbered(&original, 50000, "", 1);
	add_numbered(&ours, 50000, "ours\n", 50);
	cw_buf_add(&present, ours.data, ours.length);
	cw_buf_add_text(&present, "theirs\n");
	cw_buf_add_text(&original, "theirs\n");
	assert_true(cw_merge_undo(&original, &ours, &present, &result));
	assert_int_equal(result.length, original.length);
	assert_memory_equal(result.data, original.data, result.length);
	cw_buf_clear(&ours);
	add_numbered(&ours, 50000, "ours\n", 10);
	assert_false(cw_merge_undo(&original, &ours, &present, &result));
}

/* Two changes of random lines that are no neighbours: both are in the result. */
static void
test_any_two_changes_apart_from_each_other_are_told_apart(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		cw_auto_buf struct cw_buf original = {0}, ours = {0}, present = {0}, wanted = {0};
		cw_auto_buf struct cw_buf result = {0};

		for (int i = 0; i < 12; i++) {
			unsigned kind;

			seed = seed * 1103515245U + 12345U;
			kind = seed >> 16 & 7;
			cw_buf_addf(&original, "keep %d\n", i);
			cw_buf_addf(&ours, "keep %d\n", i);
			cw_buf_addf(&present, "keep %d\n", i);
			cw_buf_addf(&wanted, "keep %d\n", i);
			if (kind == 0 || kind == 1) { /* ours added */
				cw_buf_addf(&ours, "}\nours\n");
				cw_buf_addf(&present, "}\nours\n");
			} else if (kind == 2) { /* ours took out */
				cw_buf_addf(&original, "}\n");
				cw_buf_addf(&wanted, "}\n");
			} else if (kind == 3) { /* theirs added */
				cw_buf_addf(&present, "}\n");
				cw_buf_addf(&wanted, "}\n");
			} else if (kind == 4) { /* theirs took out */
				cw_buf_addf(&original, "}\n");
				cw_buf_addf(&ours, "}\n");
			} else {
				cw_buf_addf(&original, "}\n");
				cw_buf_addf(&ours, "}\n");
				cw_buf_addf(&present, "}\n");
				cw_buf_addf(&wanted, "}\n");
			}
		}
		assert_true(cw_merge_undo(&original, &ours, &present, &result));
		assert_string_equal(cw_buf_text(&result), cw_buf_text(&wanted));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_nobody_else_changed_is_the_original_again),
		cmocka_unit_test(test_our_lines_go_and_others_stay),
		cmocka_unit_test(test_a_neighbouring_line_may_be_changed),
		cmocka_unit_test(test_what_somebody_took_out_already_is_no_conflict),
		cmocka_unit_test(test_changes_of_the_same_lines_are_a_conflict),
		cmocka_unit_test(test_many_changes_are_given_up_and_not_waited_for),
		cmocka_unit_test(test_any_two_changes_apart_from_each_other_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
