#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "parse_fixture.h"
#include "plugin_fixture.h"
#include "role_fixture.h"

/* Whether the real webroot is there, put where modules are looked for. */
static bool
install_webroot(void)
{
	cw_autofree char *module = cw_format("%s/webroot.so", plugins_folder());

	if (!cw_file_exists(module))
		return false;
	install_module(plugins_folder(), "webroot");
	return true;
}

static void
maps_to(const char *internal, const char *key, const char *value)
{
	const char *present = cw_settings_map_get(invocation.settings, internal, key);

	if (!cw_equal(present, value))
		fail_msg("%s is in \"%s\", not \"%s\"", key, present != NULL ? present : "none",
			 value != NULL ? value : "none");
}

static void
selects(const char *line, const char *setting, const char *plugin)
{
	static const char *const all[] = {"authenticator", "installer", "configurator"};

	if (parse(line) != CW_OK)
		fail_msg("%s: %s", line, error.message);
	for (size_t i = 0; i < CW_COUNT(all); i++)
		is_set(all[i], strcmp(all[i], setting) == 0 ? plugin : NULL);
}

static void
test_a_flag_selects_a_plugin(void **state)
{
	(void)state;
	selects("certonly --standalone", "authenticator", "standalone");
	selects("certonly -a standalone", "authenticator", "standalone");
	selects("certonly -a standalone --standalone", "authenticator", "standalone");
	selects("certonly -a dist:standalone --standalone", "authenticator", "dist:standalone");
	selects("certonly --nginx", "authenticator", "nginx");
	selects("renew --webroot", "authenticator", "webroot");
	selects("run --nginx", "configurator", "nginx");
	selects("--apache", "configurator", "apache");
	selects("run --webroot", "authenticator", "webroot");
	selects("run --null", "installer", "null");
	selects("certificates --nginx", "authenticator", NULL);
}

static void
test_a_flag_selects_a_plugin_of_another_name(void **state)
{
	(void)state;
	scratch_write("mine.so", "", 0644);
	selects("certonly --mine", "authenticator", "mine");
	/* Its roles must be asked for, and it is none. */
	assert_int_equal(parse("run --mine"), CW_E_PLUGIN);
}

static void
test_two_plugins_at_once_are_refused(void **state)
{
	(void)state;
	is_usage_error("certonly --standalone --webroot", "\"webroot\"");
	is_usage_error("certonly -a standalone --webroot", "\"standalone\"");
	is_usage_error("run --nginx --webroot", "-i");
	is_usage_error("run --nginx --apache", "nginx");
	assert_int_equal(parse("run --webroot -i nginx"), CW_OK);
	is_set("authenticator", "webroot");
	is_set("installer", "nginx");
}

static void
test_the_command_line_selects_over_configuration_files(void **state)
{
	(void)state;
	assert_int_equal(parse_with("authenticator = webroot\n", "certonly --standalone"), CW_OK);
	is_set("authenticator", "standalone");
	assert_int_equal(parse_with("webroot = true\n", "certonly -a standalone"), CW_OK);
	is_set("authenticator", "standalone");
	assert_int_equal(parse_with("nginx = true\n", "run --standalone"), CW_OK);
	is_set("authenticator", "standalone");
	is_set("configurator", NULL);
	assert_int_equal(parse_with("webroot = true\n", "certonly"), CW_OK);
	is_set("authenticator", "webroot");
	assert_int_equal(cw_settings_source(invocation.settings, "authenticator"), CW_SOURCE_INI);
}

static void
test_cloud_authenticators_are_answered_with_what_to_use(void **state)
{
	(void)state;
	assert_int_equal(parse("certonly --dns-cloudflare -d a.test"), CW_E_NOT_FOUND);
	assert_non_null(strstr(error.message, "dns-cloudflare"));
	assert_non_null(strstr(cw_error_hint(&error), "dns-exec"));
	assert_int_equal(parse("certonly -a dns-route53 -d a.test"), CW_E_NOT_FOUND);
	assert_int_equal(parse("certificates --dns-cloudflare"), CW_OK);
	/* A module of that name is as good. */
	scratch_write("dns-cloudflare.so", "", 0644);
	selects("certonly --dns-cloudflare", "authenticator", "dns-cloudflare");
}

static void
test_only_modules_that_are_meant_are_opened(void **state)
{
	(void)state;
	/* Opening them would leave an error with each. */
	scratch_write("webroot.so", "", 0644);
	scratch_write("standalone.so", "", 0644);
	assert_int_equal(parse("certonly --standalone -d a.test --key-t rsa --no-ran"), CW_OK);
	for (size_t i = 0; i < cw_registry_count(registry); i++)
		assert_int_equal(cw_registry_at(registry, i)->error.status, CW_OK);
	is_usage_error("certonly --webroot-path /x", "webroot.so");
	is_usage_error("certonly -w /x", "webroot.so");
}

static void
test_options_of_an_absent_webroot_name_it(void **state)
{
	(void)state;
	is_usage_error("certonly -w /x", "\"webroot\"");
	is_usage_error("certonly --webroot-path /x", "webroot");
}

static void
test_options_of_plugins_come_from_their_modules(void **state)
{
	(void)state;
	if (!install_webroot())
		skip();
	assert_int_equal(parse("certonly --webroot --webroot-path=/a"), CW_OK);
	is_list_of("webroot_path", "/a");
	assert_int_equal(parse("certonly --webroot-p /a"), CW_OK);
	is_list_of("webroot_path", "/a");
	is_usage_error("--webro", "--webroot-path");
	is_usage_error("--webrot-path /a", "--webroot-path");
	is_usage_error("--webroot-bogus /a", "--webroot-bogus");
	assert_int_equal(parse_with("webroot-path = /a\n", "certonly"), CW_OK);
	is_list_of("webroot_path", "/a");
	is_refused_at("webroot-map = {\n", "line 1", "webroot-map");
}

static void
test_each_webroot_holds_for_the_names_after_it(void **state)
{
	(void)state;
	if (!install_webroot())
		skip();
	assert_int_equal(parse("certonly -w /1 -d A.test.,b.test -w /2 -d c.test -d d.test"),
			 CW_OK);
	maps_to("webroot_map", "a.test", "/1");
	maps_to("webroot_map", "b.test", "/1");
	maps_to("webroot_map", "c.test", "/2");
	maps_to("webroot_map", "d.test", "/2");
	is_list_of("webroot_path", "/1 /2");
	assert_int_equal(cw_settings_map_keys(invocation.settings, "webroot_map")->count, 4);
}

static void
test_the_first_webroot_holds_for_names_before_it(void **state)
{
	(void)state;
	if (!install_webroot())
		skip();
	assert_int_equal(parse("certonly -d a.test --ip-address ::0001 -w /1 -d b.test -w /2 "
			       "-d c.test"),
			 CW_OK);
	maps_to("webroot_map", "a.test", "/1");
	maps_to("webroot_map", "::1", "/1");
	maps_to("webroot_map", "b.test", "/1");
	maps_to("webroot_map", "c.test", "/2");
	assert_int_equal(parse("certonly -d a.test -d b.test -w /1"), CW_OK);
	maps_to("webroot_map", "a.test", "/1");
	maps_to("webroot_map", "b.test", "/1");
}

static void
test_international_names_are_mapped_as_a_labels(void **state)
{
	(void)state;
	if (!install_webroot())
		skip();
	assert_int_equal(parse("certonly -w /1 -d b\xc3\xbc"
			       "cher.test"),
			 CW_OK);
	maps_to("webroot_map", "xn--bcher-kva.test", "/1");
}

static void
test_a_map_comes_before_positions_and_implies_its_names(void **state)
{
	cw_autofree char *relative = NULL;

	(void)state;
	if (!install_webroot())
		skip();
	relative = cw_path_absolute("m");
	assert_int_equal(parse("certonly -w /1 -d a.test,b.test --webroot-map "
			       "{\"B.test,c.test\":\"m\"}"),
			 CW_OK);
	maps_to("webroot_map", "a.test", "/1");
	maps_to("webroot_map", "b.test", relative);
	maps_to("webroot_map", "c.test", relative);
	is_list_of("domains", "a.test b.test c.test");
	assert_int_equal(parse("certonly --webroot-map {\"a.test\":\"/m\",\"::1\":\"/n\"}"), CW_OK);
	is_list_of("domains", "a.test");
	is_list_of("ip_addresses", "::1");
}

static void
test_configured_webroots_hold_for_names_on_the_command_line(void **state)
{
	(void)state;
	if (!install_webroot())
		skip();
	assert_int_equal(parse_with("webroot-path = /1\n", "certonly -d a.test"), CW_OK);
	maps_to("webroot_map", "a.test", "/1");
	assert_int_equal(parse_with("webroot-path = /1\ndomains = b.test\n", "certonly -w /2"),
			 CW_OK);
	maps_to("webroot_map", "b.test", "/2");
	is_list_of("webroot_path", "/2");
	/* What the command line asks for is not made more. */
	assert_int_equal(parse_with("webroot-map = {\"b.test\": \"/1\"}\n", "certonly -d a.test"),
			 CW_OK);
	is_list_of("domains", "a.test");
}

static void
has_authenticators(const char *line, const char *first, size_t count)
{
	if (parse(line) != CW_OK)
		fail_msg("%s: %s", line, error.message);
	is_set("authenticator", first);
	assert_int_equal(cw_settings_map_keys(invocation.settings, "authenticator_map")->count,
			 count);
}

static void
test_each_authenticator_holds_for_the_names_after_it(void **state)
{
	(void)state;
	has_authenticators("certonly -a standalone -d A.test.,b.test -a dns-rfc2136 -d *.a.test",
			   "standalone", 3);
	maps_to("authenticator_map", "a.test", "standalone");
	maps_to("authenticator_map", "b.test", "standalone");
	maps_to("authenticator_map", "*.a.test", "dns-rfc2136");
	/* The first one also for those before it. */
	has_authenticators("certonly -d a.test -a manual -a standalone --ip-address ::0001",
			   "manual", 2);
	maps_to("authenticator_map", "a.test", "manual");
	maps_to("authenticator_map", "::1", "standalone");
}

static void
test_flags_that_select_plugins_go_by_position_too(void **state)
{
	(void)state;
	has_authenticators("certonly --standalone -d a.test --dns-rfc2136 -d *.a.test",
			   "standalone", 2);
	maps_to("authenticator_map", "*.a.test", "dns-rfc2136");
	has_authenticators("run --nginx -d a.test -a dns-rfc2136 -d *.a.test", "nginx", 2);
	is_set("installer", "nginx");
	is_set("configurator", NULL);
	has_authenticators("run -a dns-rfc2136 -d *.a.test --nginx -d a.test -i null",
			   "dns-rfc2136", 2);
	is_set("installer", "null");
	/* One that no name is for contradicts the others as ever. */
	is_usage_error("certonly --standalone --manual -d a.test", "\"standalone\"");
	is_usage_error("run --nginx -d a.test --apache -d b.test", "\"nginx\"");
}

static void
test_one_authenticator_holds_for_all_names(void **state)
{
	(void)state;
	has_authenticators("certonly -d a.test -a standalone -d b.test", "standalone", 0);
	has_authenticators("certonly -a standalone -d a.test -a dist:standalone -d b.test",
			   "dist:standalone", 0);
	has_authenticators("certonly -d a.test --nginx -d b.test", "nginx", 0);
	/* Where there are no names the last one counts. */
	has_authenticators("renew -a standalone -a manual", "manual", 0);
}

static void
test_a_map_of_authenticators_comes_before_positions(void **state)
{
	(void)state;
	has_authenticators("certonly -a standalone -d a.test -a manual -d b.test "
			   "--authenticator-map {\"B.test,*.c.test\":\"dns-rfc2136\"}",
			   "standalone", 3);
	maps_to("authenticator_map", "a.test", "standalone");
	maps_to("authenticator_map", "b.test", "dns-rfc2136");
	maps_to("authenticator_map", "*.c.test", "dns-rfc2136");
	is_list_of("domains", "a.test b.test *.c.test");
	/* A certificate that there is has its names. */
	has_authenticators("renew --authenticator-map {\"a.test\":\"manual\"}", NULL, 1);
	assert_int_equal(cw_settings_list(invocation.settings, "domains")->count, 0);
	is_usage_error("certonly --authenticator-map {\"a.test\":1}", "--authenticator-map");
}

static void
test_mapped_cloud_authenticators_are_answered_too(void **state)
{
	(void)state;
	assert_int_equal(parse("certonly -a standalone -d a.test -a dns-route53 -d *.a.test"),
			 CW_E_NOT_FOUND);
	assert_non_null(strstr(error.message, "dns-route53"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_a_flag_selects_a_plugin),
		TEST(test_a_flag_selects_a_plugin_of_another_name),
		TEST(test_two_plugins_at_once_are_refused),
		TEST(test_the_command_line_selects_over_configuration_files),
		TEST(test_cloud_authenticators_are_answered_with_what_to_use),
		TEST(test_only_modules_that_are_meant_are_opened),
		TEST(test_options_of_an_absent_webroot_name_it),
		TEST(test_options_of_plugins_come_from_their_modules),
		TEST(test_each_authenticator_holds_for_the_names_after_it),
		TEST(test_flags_that_select_plugins_go_by_position_too),
		TEST(test_one_authenticator_holds_for_all_names),
		TEST(test_a_map_of_authenticators_comes_before_positions),
		TEST(test_mapped_cloud_authenticators_are_answered_too),
		TEST(test_each_webroot_holds_for_the_names_after_it),
		TEST(test_the_first_webroot_holds_for_names_before_it),
		TEST(test_international_names_are_mapped_as_a_labels),
		TEST(test_a_map_comes_before_positions_and_implies_its_names),
		TEST(test_configured_webroots_hold_for_names_on_the_command_line),
	};
	int status;

	if (was_plugin_process(argc, argv, &status))
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
