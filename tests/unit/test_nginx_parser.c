#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../plugins/nginx/edit.h"

#ifndef FIXTURES
#define FIXTURES "plugins/nginx/fixtures"
#endif

static struct arena *arena;
static struct syntax *tree;
static struct syntax_error problem;

static void
parse_bytes(const char *text, size_t length)
{
	arena_free(arena);
	arena = arena_new();
	tree = syntax_parse(arena, arena_copy(arena, text, length), length, &problem);
}

static void
parse(const char *text)
{
	parse_bytes(text, strlen(text));
}

static void
assert_same_again(void)
{
	auto_text struct text out = {0};

	assert_non_null(tree);
	syntax_write(tree, &out);
	assert_int_equal(out.length, tree->length);
	if (out.length > 0)
		assert_memory_equal(out.data, tree->text, out.length);
}

static void
assert_refused(const char *text, size_t line, size_t column, const char *words)
{
	parse(text);
	assert_null(tree);
	assert_int_equal(problem.line, line);
	assert_int_equal(problem.column, column);
	if (strstr(problem.message, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", problem.message, words);
}

static int
end(void **state)
{
	(void)state;
	arena_free(arena);
	arena = NULL;
	return 0;
}

static char *
read_whole(const char *path, size_t *length)
{
	auto_text struct text text = {0};
	FILE *file = fopen(path, "rbe");
	char part[4096];
	size_t got;

	assert_non_null(file);
	while ((got = fread(part, 1, sizeof(part), file)) > 0)
		text_add(&text, part, got);
	fclose(file);
	*length = text.length;
	return memory_copy(text.data, text.length);
}

static void
test_every_configuration_of_the_corpus_is_written_as_it_was_read(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob(FIXTURES "/*.conf", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 60);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		size_t length;
		autofree char *text = read_whole(found.gl_pathv[i], &length);

		parse_bytes(text, length);
		if (tree == NULL)
			fail_msg("%s:%zu:%zu: %s", found.gl_pathv[i], problem.line, problem.column,
				 problem.message);
		assert_same_again();
	}
	globfree(&found);
}

/* Every beginning of a configuration is taken or refused, never more. */
static void
test_every_beginning_of_a_configuration_is_survived(void **state)
{
	size_t length;
	autofree char *text = read_whole(FIXTURES "/lua_content.conf", &length);

	(void)state;
	for (size_t i = 0; i <= length; i++) {
		parse_bytes(text, i);
		if (tree != NULL)
			assert_same_again();
	}
}

static void
test_empty_text_has_no_directives(void **state)
{
	(void)state;
	parse("");
	assert_same_again();
	assert_null(tree->root.first_child);
	parse(" \n# only a comment");
	assert_same_again();
	assert_null(tree->root.first_child);
}

static void
test_words_mean_what_nginx_makes_of_them(void **state)
{
	static const char *const wanted[] = {"a",     "b c", "d\"e", "f'g",  "h\ti", "j\\d",
					     "${k}l", "m#n", "o\"p", "q;r{", "x\\;y"};

	(void)state;
	parse("a \"b c\" 'd\"e' 'f\\'g' h\\ti j\\d ${k}l m#n o\"p 'q;r{' x\\;y;");
	assert_same_again();
	assert_int_equal(tree->root.first_child->word_count, sizeof(wanted) / sizeof(*wanted));
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		assert_string_equal(syntax_value(tree->root.first_child, i), wanted[i]);
}

static void
test_condition_may_end_after_a_quote(void **state)
{
	struct directive *directive;

	(void)state;
	parse("if ($a = \"b\") { return 1; }");
	assert_same_again();
	directive = tree->root.first_child;
	assert_int_equal(directive->word_count, 5);
	assert_string_equal(syntax_value(directive, 4), ")");
	assert_true(syntax_is(directive->first_child, "return"));
}

static void
test_lua_is_not_read_as_directives(void **state)
{
	struct directive *directive;

	(void)state;
	parse("content_by_lua_block { x = \"}\" -- }\n y = [==[ } ]] ]==] --[[ } \n }]] z = {} }\n"
	      "next on;");
	assert_same_again();
	directive = tree->root.first_child;
	assert_null(directive->first_child);
	assert_true(syntax_is(directive->next, "next"));
	assert_null(directive->next->next);
}

static void
test_bytes_that_are_no_text_are_kept(void **state)
{
	static const char text[] = "a \xff\xfe\0 \x80;\r\n# \xc3\n";

	(void)state;
	parse_bytes(text, sizeof(text) - 1);
	assert_same_again();
}

static void
test_deep_nesting_is_no_matter(void **state)
{
	enum { DEPTH = 100000 };
	auto_text struct text text = {0};

	(void)state;
	for (int i = 0; i < DEPTH; i++)
		text_add_string(&text, "a{");
	for (int i = 0; i < DEPTH; i++)
		text_add_string(&text, "}");
	parse(text.data);
	assert_same_again();
}

static void
test_error_names_its_place_and_what_was_expected(void **state)
{
	(void)state;
	assert_refused("a b", 1, 4, "expected \";\" or \"{\"");
	assert_refused("http {\n  a b\n}\n", 3, 1, "expected \";\" or \"{\" before \"}\"");
	assert_refused("http {\n", 2, 1, "expected the \"}\" of the block that line 1 opens");
	assert_refused("a;\n}\n", 2, 1, "closes no block");
	assert_refused("a;;\n", 1, 3, "expected a directive before \";\"");
	assert_refused("  {", 1, 3, "expected a directive before \"{\"");
	assert_refused("a \"b", 1, 3, "expected the closing \"");
	assert_refused("a\n  'b'c;", 2, 6, "after the closing quote");
	assert_refused("x_by_lua_block { [[ }", 1, 18, "Lua long bracket");
	assert_refused("x_by_lua_block { ' }", 1, 18, "Lua string");
	assert_refused("x_by_lua_block {\n{}", 1, 16, "ends the Lua block");
}

static int
host_fail(const struct cw_host *host, int status, const char *hint, const char *message)
{
	(void)host;
	(void)hint;
	(void)message;
	return status;
}

static const struct cw_host host = {.size = sizeof(host), .fail = host_fail};

typedef void (*editor)(struct edits *edits, const struct directive *block);

/* What EDIT makes of the first block of TEXT. */
static void
assert_edited(const char *text, editor edit, const char *wanted)
{
	struct files files = {.host = &host};
	struct file file = {.files = &files,
			    .path = memory_copy("test", 4),
			    .text = memory_copy(text, strlen(text)),
			    .length = strlen(text),
			    .arena = arena_new()};
	struct edits edits = {.mark = " # mark"};

	file.syntax = syntax_parse(file.arena, file.text, file.length, &problem);
	assert_non_null(file.syntax);
	file.syntax->owner = &file;
	edit(&edits, file.syntax->root.first_child);
	assert_int_equal(edits_apply(&edits), CW_OK);
	assert_string_equal(file.text, wanted);
	arena_free(file.arena);
	free(file.path);
	free(file.text);
	free(file.disk);
}

static void
add_last(struct edits *edits, const struct directive *block)
{
	edits_last(edits, block, "new 1;");
}

static void
add_block_first(struct edits *edits, const struct directive *block)
{
	edits_first(edits, block, "one 1;\n");
	edits_first(edits, block, "two {\n\tthree;\n}\n");
}

static void
remove_first(struct edits *edits, const struct directive *block)
{
	edits_remove(edits, block->first_child);
}

static void
set_first(struct edits *edits, const struct directive *block)
{
	edits_set(edits, block->first_child, "x y");
}

static void
test_new_lines_are_in_the_style_around_them(void **state)
{
	(void)state;
	assert_edited("s {\n\ta b;\n}\n", add_last, "s {\n\ta b;\n\tnew 1; # mark\n}\n");
	assert_edited("s {\r\n  a b; # c\r\n}\r\n", add_last,
		      "s {\r\n  a b; # c\r\n  new 1; # mark\r\n}\r\n");
	assert_edited("  s\n  {\n     a b;\n  }", add_last,
		      "  s\n  {\n     a b;\n     new 1; # mark\n  }");
	assert_edited("s { a b; }", add_last, "s { a b; new 1; }");
	assert_edited("s {}", add_last, "s { new 1;}");
	assert_edited("s {\n}\n", add_last, "s {\n    new 1; # mark\n}\n");
	assert_edited("s {\n\ta b; c d; }\n", add_last, "s {\n\ta b; c d; new 1; }\n");
}

static void
test_block_is_added_with_the_levels_of_the_file(void **state)
{
	(void)state;
	assert_edited("s {\n  a;\n}\n", add_block_first,
		      "s {\n  one 1; # mark\n  two {\n    three;\n  } # mark\n  a;\n}\n");
	assert_edited("s{a;}", add_block_first, "s{ one 1; two { three; }a;}");
}

static void
test_removing_takes_the_line_only_when_nothing_else_is_there(void **state)
{
	(void)state;
	assert_edited("s {\n  a b;\n  c;\n}\n", remove_first, "s {\n  c;\n}\n");
	assert_edited("s {\n  a b; # mark\n  c;\n}\n", remove_first, "s {\n  c;\n}\n");
	assert_edited("s {\n  a b; # mine\n  c;\n}\n", remove_first, "s {\n   # mine\n  c;\n}\n");
	assert_edited("s { a b; c; }", remove_first, "s {  c; }");
}

static void
test_setting_keeps_what_stands_around(void **state)
{
	(void)state;
	assert_edited("s {\n  a\tb 'c d' ; # e\n}\n", set_first, "s {\n  a x y ; # e\n}\n");
	assert_edited("s { a; }", set_first, "s { a x y; }");
}

static void
test_words_are_quoted_only_when_they_must_be(void **state)
{
	static const char *const words[] = {"/etc/x.pem", "/with blank/x", "a\"b", "",
					    "#a",         "a#b",           "x;y",  "back\\slash"};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		autofree char *quoted = syntax_quote(words[i]);
		autofree char *text = memory_format("a %s;", quoted);

		parse(text);
		assert_non_null(tree);
		assert_string_equal(syntax_value(tree->root.first_child, 1), words[i]);
	}
	{
		autofree char *plain = syntax_quote("/etc/x.pem");

		assert_string_equal(plain, "/etc/x.pem");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_configuration_of_the_corpus_is_written_as_it_was_read),
		cmocka_unit_test(test_every_beginning_of_a_configuration_is_survived),
		cmocka_unit_test(test_empty_text_has_no_directives),
		cmocka_unit_test(test_words_mean_what_nginx_makes_of_them),
		cmocka_unit_test(test_condition_may_end_after_a_quote),
		cmocka_unit_test(test_lua_is_not_read_as_directives),
		cmocka_unit_test(test_bytes_that_are_no_text_are_kept),
		cmocka_unit_test(test_deep_nesting_is_no_matter),
		cmocka_unit_test(test_error_names_its_place_and_what_was_expected),
		cmocka_unit_test(test_new_lines_are_in_the_style_around_them),
		cmocka_unit_test(test_block_is_added_with_the_levels_of_the_file),
		cmocka_unit_test(test_removing_takes_the_line_only_when_nothing_else_is_there),
		cmocka_unit_test(test_setting_keeps_what_stands_around),
		cmocka_unit_test(test_words_are_quoted_only_when_they_must_be),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
