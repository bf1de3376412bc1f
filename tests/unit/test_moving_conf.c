#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "flow/moving/conf.h"

#include <stdlib.h>
#include <string.h>

#include "scratch.h"

static struct cw_conf *
read_text(const char *text)
{
	struct cw_conf *conf = cw_conf_new();
	cw_autofree char *path = scratch_path("conf");

	scratch_write("conf", text, 0644);
	cw_conf_set(conf, "GIVEN", "/given");
	assert_int_equal(cw_conf_read(conf, path, NULL), CW_OK);
	return conf;
}

static void
test_values_are_those_of_a_shell(void **state)
{
	static const struct {
		const char *text, *value; /* value NULL: unclear or absent */
	} cases[] = {
		{"A=plain", "plain"},
		{"  export A=plain\n", "plain"},
		{"A='single $B `c`'", "single $B `c`"},
		{"A=\"double \\\"x\\\" \\$B\"", "double \"x\" $B"},
		{"A=\"two\nlines\"", "two\nlines"},
		{"A=a'b'\"c\"\\ d", "ab"
				    "c d"},
		{"A=x # comment", "x"},
		{"A=x; B=y", "x"},
		{"A=a#b", "a#b"},
		{"#A=x", NULL},
		{"A=", NULL},
		{"A = x", NULL},
		{"B=b\nA=\"$GIVEN/${B}\"", "/given/b"},
		{"A=a\nA=${A}b", "ab"},
		{"A=$UNKNOWN", NULL},
		{"A=${GIVEN%x}", NULL},
		{"A=$(id)", NULL},
		{"A=\"x `id`\"", NULL},
		{"A=x id", NULL},
		{"A='open", NULL},
		{"A=\"open", NULL},
		{"A=(first second)", "first"},
		{"A=$B\nB=x", NULL},
		{"f() { A=x\n}", NULL},
		{"A=\\", "\\"},
		{"A=${", NULL},
		{"A=(open", NULL},
		{"A=(a | b)", NULL},
		{"B=1; A=x", "x"},
		{"B=1;A=x;C=2", "x"},
		{"A=~/x", NULL},
		{"A='~/x'", "~/x"},
		{"A=x\nA+=y", NULL},
		{"A=x\nA+=y\nA=z", "z"},
		{"A=x\nif true; then\n\tA=y\nfi\n", NULL},
		{"if true; then\n\tB=y\nfi\nA=x", "x"},
		{"if a; then B=y; else B=z; fi; A=x", "x"},
		{"A=x\nwhile read l; do A=y; done < f", NULL},
		{"case $B in\n(b) A=y;;\nc) B=z;;\nesac\n", NULL},
		{"case $B in b) B=y;; esac\nA=x", "x"},
		{"f ()\n{\n A=y\n}", NULL},
		{"f() { B=y; if g; then h; fi; }\nA=x", "x"},
		{"{ A=y\n}", NULL},
		{"A=x\n[ -n \"$B\" ] && A=y", NULL},
		{"B=x && A=y", NULL},
		{"local A=y", NULL},
		{"echo if\nA=x", "x"},
		{"cat <<E\nA=y\nE\nA=x", "x"},
		{"cat << 'E F' > f\nA=y\nE F\nB=x", NULL},
		{"cat <<-E\n\tif A=y\n\tE\nA=x", "x"},
		{"B=$((1<<2))\nA=x", "x"},
		{"# A=y; if\nA=x # ; A=y", "x"},
		{"echo \"\nA=y\"\nA=x", "x"},
		{"fi\n}\nA=x", "x"},
		{"B=$(id; A=y)\n", NULL},
		{"B=\"$(id \"x\"\n)\"\nA=x", "x"},
		{"B=`id; A=y`\nA=x", "x"},
		{"(A=y; B=z)", NULL},
		{"(A=y\n)\n", NULL},
		{"[ x ] && B=y; A=x", "x"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_auto_conf struct cw_conf *conf = read_text(cases[i].text);
		const char *value = cw_conf_get(conf, "A");

		if (!cw_equal(value, cases[i].value))
			fail_msg("%s: %s", cases[i].text, value != NULL ? value : "none");
	}
}

static void
test_lists_may_have_lines_and_comments(void **state)
{
	cw_auto_conf struct cw_conf *conf =
		read_text("A=('/a/b c' # the first\n   \"$GIVEN\"\n d)\nB=x\n");
	const struct cw_strv *values = cw_conf_list(conf, "A");

	(void)state;
	assert_non_null(values);
	assert_int_equal(values->count, 3);
	assert_string_equal(values->items[0], "/a/b c");
	assert_string_equal(values->items[1], "/given");
	assert_string_equal(values->items[2], "d");
	assert_string_equal(cw_conf_get(conf, "B"), "x");
}

static void
test_unclear_values_are_named(void **state)
{
	cw_auto_conf struct cw_conf *conf = read_text("A=x\nB=$(id)\nC=yes\nD=no\n");
	cw_auto_strv struct cw_strv keys = {0};

	(void)state;
	cw_conf_unclear(conf, &keys);
	assert_int_equal(keys.count, 1);
	assert_string_equal(keys.items[0], "B");
	assert_true(cw_conf_is_yes(conf, "C"));
	assert_false(cw_conf_is_yes(conf, "D"));
}

static void
test_file_that_others_can_write_to_is_not_safe(void **state)
{
	cw_auto_conf struct cw_conf *conf = read_text("A=x\n");
	cw_autofree char *path = scratch_path("conf");

	(void)state;
	assert_true(cw_conf_is_safe(conf));
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(cw_conf_read(conf, path, NULL), CW_OK);
	assert_false(cw_conf_is_safe(conf));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values_are_those_of_a_shell, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_lists_may_have_lines_and_comments,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(test_unclear_values_are_named, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_file_that_others_can_write_to_is_not_safe,
						scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
