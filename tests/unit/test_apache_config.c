#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include "../../plugins/apache/model.h"
#include "scratch.h"

enum { ALIASES = 20000 };

static char message[1024];

static int
host_fail(const struct cw_host *host, int status, const char *hint, const char *text)
{
	(void)host;
	(void)hint;
	snprintf(message, sizeof(message), "%s", text);
	return status;
}

/* As Apache would read "main.conf" in the scratch folder. */
static int
read_model(struct model *model)
{
	static const struct cw_host host = {.size = sizeof(host),
					    .abi_major = CW_ABI_MAJOR,
					    .abi_minor = CW_ABI_MINOR,
					    .fail = host_fail};
	static struct program program;
	cw_autofree char *main_file = scratch_path("main.conf");

	program = (struct program){
		.host = &host, .root = scratch, .configuration = main_file, .known = true};
	message[0] = '\0';
	return model_read(model, &program);
}

static void
assert_too_large(const char *text, const char *place)
{
	struct model model;

	scratch_write("main.conf", text, 0644);
	assert_int_equal(read_model(&model), CW_E_INVALID);
	assert_non_null(strstr(message, "too large"));
	assert_non_null(strstr(message, place));
	model_clear(&model);
}

static void
test_variables_that_double_end_in_an_error(void **state)
{
	auto_text struct text text = {0};

	(void)state;
	text_add_string(&text, "Define A 0123456789\n");
	for (int i = 0; i < 64; i++)
		text_add_string(&text, "Define A ${A}${A}\n");
	assert_too_large(text.data, "main.conf:");
}

static void
test_macros_that_double_end_in_an_error(void **state)
{
	auto_text struct text text = {0};

	(void)state;
	text_add_string(&text, "<Macro M0>\nServerAdmin a@b.test\n</Macro>\n");
	for (int i = 1; i < 64; i++)
		text_format(&text, "<Macro M%d>\nUse M%d\nUse M%d\n</Macro>\n", i, i - 1, i - 1);
	text_add_string(&text, "Use M63\n");
	assert_too_large(text.data, "main.conf:");
}

static void
test_arguments_that_double_end_in_an_error(void **state)
{
	auto_text struct text text = {0};

	(void)state;
	text_add_string(&text, "<Macro M0 $a>\nServerAdmin $a\n</Macro>\n");
	for (int i = 1; i < 64; i++)
		text_format(&text, "<Macro M%d $a>\nUse M%d $a$a$a$a\n</Macro>\n", i, i - 1);
	text_add_string(&text, "Use M63 0123456789\n");
	assert_too_large(text.data, "main.conf:");
}

static void
test_includes_that_double_end_in_an_error(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++) {
		cw_autofree char *name = cw_format("%d.conf", i);
		cw_autofree char *text =
			cw_format("Include %d.conf\nInclude %d.conf\n", i + 1, i + 1);

		scratch_write(name, i < 39 ? text : "ServerAdmin a@b.test\n", 0644);
	}
	assert_too_large("Include 0.conf\n", ".conf:");
}

static void
test_names_of_a_host_take_memory_in_proportion(void **state)
{
	auto_text struct text text = {0};
	struct model model;

	(void)state;
	text_add_string(&text, "<VirtualHost *:80>\nServerName a.test\n");
	for (int i = 0; i < ALIASES; i++)
		text_format(&text, "ServerAlias a%d.test\n", i);
	text_add_string(&text, "</VirtualHost>\n");
	scratch_write("main.conf", text.data, 0644);
	assert_int_equal(read_model(&model), CW_OK);
	assert_int_equal(model.hosts[0].name_count, ALIASES + 1);
	assert_string_equal(model.hosts[0].names[ALIASES], "a19999.test");
	assert_true(arena_size(model.config.arena) < (size_t)ALIASES * 1000);
	model_clear(&model);
}

static void
test_words_in_quotes_need_no_blanks(void **state)
{
	auto_text struct text text = {0};
	struct arena *arena = arena_new();
	struct words words;

	(void)state;
	for (int i = 0; i < 1000; i++)
		text_add_string(&text, i % 2 != 0 ? "\"a b\"" : "''");
	words = words_split(arena, text.data);
	assert_int_equal(words.count, 1000);
	assert_string_equal(words.items[998], "");
	assert_string_equal(words.items[999], "a b");
	words = words_split(arena, " one  two'three' ");
	assert_int_equal(words.count, 2);
	assert_string_equal(words.items[1], "two'three'");
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_variables_that_double_end_in_an_error,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_macros_that_double_end_in_an_error,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_arguments_that_double_end_in_an_error,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_includes_that_double_end_in_an_error,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_names_of_a_host_take_memory_in_proportion,
						scratch_make, scratch_remove),
		cmocka_unit_test(test_words_in_quotes_need_no_blanks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
