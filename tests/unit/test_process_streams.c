#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "process_fixture.h"

#include <fcntl.h>
#include <unistd.h>

static void
test_without_input_stdin_is_empty(void **state)
{
	cw_auto_process struct cw_process process = {.argv = SHELL("wc -c")};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_int_equal(strtol(cw_buf_text(&process.output), NULL, 10), 0);
	process.input = "";
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_int_equal(strtol(cw_buf_text(&process.output), NULL, 10), 0);
}

static void
test_a_megabyte_of_input_is_given_while_output_is_read(void **state)
{
	size_t length = 1 << 20;
	cw_autofree char *input = cw_alloc(length);
	cw_auto_process struct cw_process process = {
		.argv = (const char *const[]){"cat", NULL},
		.input = input,
		.input_length = length,
		.output_limit = 2 * length,
	};

	(void)state;
	for (size_t i = 0; i < length; i++)
		input[i] = (char)(i * 31);
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_int_equal(process.output.length, length);
	assert_memory_equal(process.output.data, input, length);
}

static void
test_a_program_that_ignores_its_input_is_fine(void **state)
{
	size_t length = 1 << 20;
	cw_autofree char *input = cw_alloc(length);
	cw_auto_process struct cw_process process = {
		.argv = SHELL("exec <&-; sleep 0.1; echo done"),
		.input = input,
		.input_length = length,
	};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&process.output), "done\n");
}

static void
test_a_megabyte_of_output_is_read_and_cut_at_the_limit(void **state)
{
	static const char script[] = "head -c 1000000 /dev/zero | tr '\\0' x; echo end >&2";
	cw_auto_process struct cw_process process = {.argv = SHELL(script)};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_int_equal(process.output.length, 64 * 1024);
	assert_string_equal(cw_buf_text(&process.error_output), "end\n");
	process.output_limit = 10;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&process.output), "xxxxxxxxxx");
	process.output_limit = 2000000;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_int_equal(process.output.length, 1000000);
}

/* The lines of both streams, "1:text|", and the length of the longest. */
struct lines {
	struct cw_buf text;
	size_t longest;
	const char *touch; /* made when the first line comes */
};

static void
take_line(void *context, int stream, const char *line)
{
	struct lines *lines = context;

	if (lines->touch != NULL)
		close(open(lines->touch, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (strlen(line) > lines->longest)
		lines->longest = strlen(line);
	cw_buf_addf(&lines->text, "%d:%s|", stream, strlen(line) > 100 ? "long" : line);
}

static void
check_lines(const char *script, const char *expected, size_t longest)
{
	struct lines lines = {0};
	cw_auto_process struct cw_process process = {
		.argv = SHELL(script),
		.output_limit = 4,
		.line = take_line,
		.line_context = &lines,
	};

	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&lines.text), expected);
	if (longest > 0)
		assert_int_equal(lines.longest, longest);
	cw_buf_clear(&lines.text);
}

static void
test_lines_are_given_without_their_ends(void **state)
{
	(void)state;
	check_lines("printf 'a\\r\\n\\nbcd\\nefgh\\nlast'", "1:a|1:|1:bcd|1:efgh|1:last|", 4);
	check_lines("printf 'oops\\n' >&2", "2:oops|", 4);
	check_lines(":", "", 0);
}

static void
test_lines_of_any_bytes_and_any_length_are_given(void **state)
{
	(void)state;
	check_lines("printf 'x\\0y\\n\\377\\376\\n'", "1:x?y|1:\xff\xfe|", 3);
	check_lines("head -c 70000 /dev/zero | tr '\\0' x; echo", "1:long|1:long|", 65536);
	check_lines("head -c 65536 /dev/zero | tr '\\0' x; echo; echo a", "1:long|1:a|", 65536);
}

static void
test_lines_come_while_the_program_runs(void **state)
{
	static const char script[] =
		"echo one; while [ ! -e \"$0\" ]; do sleep 0.01; done; echo two";
	cw_autofree char *path = scratch_path("touched");
	struct lines lines = {.touch = path};
	cw_auto_process struct cw_process process = {
		.argv = (const char *const[]){"sh", "-c", script, path, NULL},
		.time_limit = 20,
		.line = take_line,
		.line_context = &lines,
	};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&lines.text), "1:one|1:two|");
	cw_buf_clear(&lines.text);
}

static void
test_output_that_comes_just_after_the_exit_is_kept(void **state)
{
	cw_auto_process struct cw_process process = {.argv = SHELL("(sleep 0.05; echo late) &")};

	(void)state;
	assert_int_equal(cw_process_run_one(&process, NULL), CW_OK);
	assert_string_equal(cw_buf_text(&process.output), "late\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_input_stdin_is_empty),
		cmocka_unit_test(test_a_megabyte_of_input_is_given_while_output_is_read),
		cmocka_unit_test(test_a_program_that_ignores_its_input_is_fine),
		cmocka_unit_test(test_a_megabyte_of_output_is_read_and_cut_at_the_limit),
		cmocka_unit_test(test_lines_are_given_without_their_ends),
		cmocka_unit_test(test_lines_of_any_bytes_and_any_length_are_given),
		cmocka_unit_test(test_lines_come_while_the_program_runs),
		cmocka_unit_test(test_output_that_comes_just_after_the_exit_is_kept),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
