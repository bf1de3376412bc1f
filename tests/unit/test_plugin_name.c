#include "base/plugin_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
test_the_part_after_the_last_colon_counts(void **state)
{
	(void)state;
	assert_string_equal(cw_plugin_name("webroot"), "webroot");
	assert_string_equal(cw_plugin_name("dist:webroot"), "webroot");
	assert_string_equal(cw_plugin_name("a:b:auth"), "auth");
	assert_null(cw_plugin_name(NULL));
}

static void
test_plugins_of_certbot_with_other_names_are_known_by_the_whole_spelling(void **state)
{
	(void)state;
	assert_string_equal(cw_plugin_name("certbot-django:auth"), "django");
	assert_string_equal(cw_plugin_name("certbot-other:auth"), "auth");
	assert_string_equal(cw_plugin_name("auth"), "auth");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_part_after_the_last_colon_counts),
		cmocka_unit_test(
			test_plugins_of_certbot_with_other_names_are_known_by_the_whole_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
