#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "parse_fixture.h"

static void
test_the_verb_may_stand_anywhere(void **state)
{
	(void)state;
	assert_int_equal(parse("certonly -n"), CW_OK);
	assert_string_equal(invocation.verb->name, "certonly");
	assert_int_equal(parse("-n renew --quiet"), CW_OK);
	assert_string_equal(invocation.verb->name, "renew");
	assert_int_equal(parse("-n -- renew"), CW_OK);
	assert_string_equal(invocation.verb->name, "renew");
}

static void
test_a_value_that_is_a_verb_is_a_value(void **state)
{
	(void)state;
	assert_int_equal(parse("--cert-name renew certificates"), CW_OK);
	assert_string_equal(invocation.verb->name, "certificates");
	is_set("certname", "renew");
}

static void
test_without_a_verb_it_is_run(void **state)
{
	(void)state;
	assert_int_equal(parse("-n"), CW_OK);
	assert_string_equal(invocation.verb->name, "run");
	assert_int_equal(parse("everything -n"), CW_OK);
	assert_string_equal(invocation.verb->name, "run");
}

static void
test_a_verb_has_its_other_name(void **state)
{
	(void)state;
	assert_int_equal(parse("auth"), CW_OK);
	assert_string_equal(invocation.verb->name, "certonly");
}

static void
test_an_unknown_verb_names_the_nearest(void **state)
{
	(void)state;
	is_usage_error("certnoly", "certonly");
	assert_null(invocation.verb);
	is_usage_error("www.example.com", "-d");
}

static void
test_a_second_word_is_not_expected(void **state)
{
	(void)state;
	is_usage_error("renew example", "example");
	is_usage_error("certonly renew", "renew");
	is_usage_error("certonly -d a.test b.test", "b.test");
}

static void
test_help_takes_a_topic(void **state)
{
	static const struct {
		const char *line, *topic;
	} lines[] = {
		{"help", NULL},
		{"--help", NULL},
		{"-h", NULL},
		{"help renew", "renew"},
		{"--help renew", "renew"},
		{"-h paths", "paths"},
		{"--help=all", "all"},
		{"certonly --help", "certonly"},
		{"-n -h certonly", "certonly"},
		{"certonly --help webroot", "webroot"},
		{"help -n security", "security"},
		{"-nh", NULL},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(lines); i++) {
		if (parse(lines[i].line) != CW_OK || !invocation.help ||
		    !cw_equal(invocation.help_topic, lines[i].topic))
			fail_msg("%s", lines[i].line);
	}
	is_usage_error("help renew certonly", "certonly");
}

static void
test_version_is_asked_for(void **state)
{
	(void)state;
	assert_int_equal(parse("--version --json"), CW_OK);
	assert_true(invocation.version);
	is_set("json", "1");
}

static void
test_values_stand_apart_or_joined(void **state)
{
	(void)state;
	assert_int_equal(parse("--cert-name one"), CW_OK);
	is_set("certname", "one");
	assert_int_equal(parse("--cert-name=one=two"), CW_OK);
	is_set("certname", "one=two");
	assert_int_equal(parse("--cert-name="), CW_OK);
	is_set("certname", "");
	assert_int_equal(parse("--cert-name=-x"), CW_OK);
	is_set("certname", "-x");
	assert_int_equal(parse("-m - -d a.test"), CW_OK);
	is_set("email", "-");
	assert_int_equal(parse("--lock-timeout -1"), CW_OK);
	is_set("lock_timeout", "-1");
}

static void
test_short_options_can_be_grouped(void **state)
{
	(void)state;
	assert_int_equal(parse("-nvvd a.test -q"), CW_OK);
	is_set("noninteractive_mode", "1");
	is_set("verbose_count", "2");
	is_set("quiet", "1");
	is_list_of("domains", "a.test");
	assert_int_equal(parse("-da.test -nd=b.test -v --verbose"), CW_OK);
	is_list_of("domains", "a.test b.test");
	is_set("verbose_count", "2");
}

static void
test_lists_are_repeated_or_joined_by_commas(void **state)
{
	(void)state;
	assert_int_equal(parse("-d a.test,b.test --domains c.test --domain d.test,"), CW_OK);
	is_list_of("domains", "a.test b.test c.test d.test");
	assert_int_equal(parse("--ip-address 1.2.3.4 --ip-address ::1"), CW_OK);
	is_list_of("ip_addresses", "1.2.3.4 ::1");
	assert_int_equal(parse("--preferred-challenges dns,http"), CW_OK);
	is_list_of("pref_challs", "dns http");
}

static void
test_the_last_value_wins(void **state)
{
	(void)state;
	assert_int_equal(parse("--key-type rsa --key-type ecdsa"), CW_OK);
	is_set("key_type", "ecdsa");
	assert_int_equal(parse("--reuse-key --no-reuse-key"), CW_OK);
	is_set("reuse_key", "0");
	assert_true(cw_settings_given(invocation.settings, "reuse_key"));
}

static void
test_three_state_flags_are_unset_until_given(void **state)
{
	(void)state;
	assert_int_equal(parse("-n"), CW_OK);
	is_set("redirect", NULL);
	assert_int_equal(parse("--redirect"), CW_OK);
	is_set("redirect", "1");
	assert_int_equal(parse("--no-redirect"), CW_OK);
	is_set("redirect", "0");
}

static void
test_flags_that_are_on_are_turned_off(void **state)
{
	(void)state;
	assert_int_equal(parse("renew"), CW_OK);
	assert_true(cw_settings_flag(invocation.settings, "random_sleep_on_renew"));
	assert_int_equal(parse("renew --no-random-sleep-on-renew --no-directory-hooks "
			       "--disable-hook-validation --no-autorenew"),
			 CW_OK);
	assert_false(cw_settings_flag(invocation.settings, "random_sleep_on_renew"));
	assert_false(cw_settings_flag(invocation.settings, "directory_hooks"));
	assert_false(cw_settings_flag(invocation.settings, "validate_hooks"));
	assert_false(cw_settings_flag(invocation.settings, "autorenew"));
}

static void
test_paths_become_absolute(void **state)
{
	cw_autofree char *folder = cw_path_absolute("x");

	(void)state;
	assert_int_equal(parse("--config-dir x --key-path ./x"), CW_OK);
	is_set("config_dir", folder);
	is_set("key_path", folder);
}

static void
test_unambiguous_abbreviations_are_understood(void **state)
{
	(void)state;
	assert_int_equal(parse("--cert-n one --domai a.test --no-ran --agree"), CW_OK);
	is_set("certname", "one");
	is_list_of("domains", "a.test");
	is_set("random_sleep_on_renew", "0");
	is_set("tos", "1");
	/* A whole name is no abbreviation of a longer one. */
	assert_int_equal(parse("--debug --webroot certificates"), CW_OK);
	is_set("debug", "1");
	is_set("debug_challenges", "0");
}

static void
test_ambiguous_abbreviations_name_the_candidates(void **state)
{
	(void)state;
	is_usage_error("--no-re", "--no-redirect");
	is_usage_error("--no-re", "--no-reuse-key");
	is_usage_error("--d a.test", "--domains");
	is_usage_error("--cert x", "--cert-path");
}

static void
test_unknown_options_name_the_nearest(void **state)
{
	(void)state;
	is_usage_error("--key-tpye rsa", "\"--key-tpye\"");
	is_usage_error("--key-tpye=rsa", "--key-type");
	is_usage_error("-Z", "-Z");
	is_usage_error("--=1", "\"--\"");
}

static void
test_values_are_asked_for_and_refused(void **state)
{
	(void)state;
	is_usage_error("--cert-name", "\"--cert-name\" needs a value");
	is_usage_error("--cert-name -n", "needs a value");
	is_usage_error("-d", "\"-d\" needs a value");
	is_usage_error("--expand=1", "\"--expand\" takes no value");
	is_usage_error("-q=1", "\"-q\" takes no value");
	is_usage_error("--rsa-key-size many", "many");
	is_usage_error("--key-type dsa", "rsa, ecdsa");
	is_usage_error("--reason 1", "keycompromise");
}

static void
test_what_stands_behind_a_mistake_is_read(void **state)
{
	(void)state;
	is_usage_error("--bogus certonly --json -q", "--bogus");
	is_set("json", "1");
	is_set("quiet", "1");
	assert_string_equal(invocation.verb->name, "certonly");
}

static void
test_secrets_are_kept_out_of_the_log(void **state)
{
	cw_autofree char *shown = NULL;

	(void)state;
	assert_int_equal(parse("register --eab-kid k --eab-hmac-key c2VjcmV0LWtleQ"), CW_OK);
	is_set("eab_hmac_key", "c2VjcmV0LWtleQ");
	shown = cw_redact("the key c2VjcmV0LWtleQ");
	assert_null(strstr(shown, "c2VjcmV0LWtleQ"));
}

static void
test_options_without_effect_say_so_once(void **state)
{
	(void)state;
	assert_int_equal(parse("certonly --eff-email --eff-email --no-bootstrap --nginx-ctl x"),
			 CW_OK);
	assert_int_equal(warnings.count, 3);
	is_warned("\"--eff-email\" has no effect");
	is_warned("\"--no-bootstrap\" does nothing");
	is_warned("plugin \"nginx\" is not installed");
	assert_int_equal(parse("certonly --no-eff-email --break-my-certs -t"), CW_OK);
	assert_int_equal(warnings.count, 0);
}

static void
test_debians_own_configuration_is_read(void **state)
{
	(void)state;
	assert_int_equal(parse_with("# Because we are using logrotate for greater flexibility\n"
				    "max-log-backups = 0\npreconfigured-renewal = True\n",
				    "renew"),
			 CW_OK);
	is_set("max_log_backups", "0");
	is_set("preconfigured_renewal", "1");
	assert_int_equal(warnings.count, 0);
}

static void
test_the_command_line_wins_over_configuration_files(void **state)
{
	(void)state;
	assert_int_equal(parse_with("domains = a.test, b.test\nkey-type = rsa\nemail = a@b.test\n",
				    "certonly -d c.test --key-type ecdsa"),
			 CW_OK);
	is_list_of("domains", "c.test");
	is_set("key_type", "ecdsa");
	is_set("email", "a@b.test");
	assert_int_equal(cw_settings_source(invocation.settings, "email"), CW_SOURCE_INI);
}

static void
test_configuration_keys_are_long_names(void **state)
{
	(void)state;
	assert_int_equal(parse_with("agree-tos\nno-random-sleep-on-renew = yes\nverbose = 2\n"
				    "rsa-k = 4096\nip-address = [1.2.3.4, ::1]\n--quiet = 1\n"
				    "domain = a.test,b.test\n",
				    "certonly"),
			 CW_OK);
	is_set("tos", "1");
	is_set("random_sleep_on_renew", "0");
	is_set("verbose_count", "2");
	is_set("rsa_key_size", "4096");
	is_set("quiet", "1");
	is_list_of("ip_addresses", "1.2.3.4 ::1");
	is_list_of("domains", "a.test b.test");
}

static void
test_a_false_flag_in_a_configuration_file_is_not_given(void **state)
{
	(void)state;
	assert_int_equal(parse_with("reuse-key = false\nno-autorenew = no\nhsts = 0\n", "renew"),
			 CW_OK);
	assert_false(cw_settings_given(invocation.settings, "reuse_key"));
	is_set("autorenew", "1");
	is_set("hsts", NULL);
	assert_int_equal(warnings.count, 0);
}

static void
test_the_later_line_wins(void **state)
{
	(void)state;
	assert_int_equal(parse_with("domains = a.test\nkey-type = rsa\ndomain = b.test\n"
				    "key-type = ecdsa\n",
				    "certonly"),
			 CW_OK);
	is_list_of("domains", "b.test");
	is_set("key_type", "ecdsa");
}

static void
test_the_users_file_wins_over_the_systems(void **state)
{
	cw_auto_strv struct cw_strv paths = {0};
	cw_autofree char *key_type = NULL;

	(void)state;
	scratch_write("xdg/letsencrypt/cli.ini", "key-type = rsa\n", 0600);
	key_type = scratch_path("xdg");
	setenv("XDG_CONFIG_HOME", key_type, 1);
	cw_strv_add(&paths, "certwright");
	cw_strv_add(&paths, "certonly");
	assert_int_equal(parse_arguments(&paths), CW_OK);
	unsetenv("XDG_CONFIG_HOME");
	is_set("key_type", "rsa");
}

static void
test_mistakes_in_configuration_files_have_file_and_line(void **state)
{
	(void)state;
	is_refused_at("agree-tos = true\nkey-tpye = rsa\n", "line 2", "\"key-tpye\"");
	assert_non_null(strstr(cw_error_hint(&error), "\"key-type\""));
	is_refused_at("key_type = rsa\n", "line 1", "\"key_type\"");
	is_refused_at("\n\nrsa-key-size = many\n", "line 3", "many");
	is_refused_at("expand = maybe\n", "line 1", "maybe");
	is_refused_at("key-type = dsa\n", "line 1", "dsa");
	is_refused_at("email = [a, b]\n", "line 1", "list");
	is_refused_at("d = a.test\n", "line 1", "ambiguous");
}

static void
test_keys_of_plugins_that_are_not_here_are_warned_of(void **state)
{
	(void)state;
	assert_int_equal(parse_with("dns-cloudflare-credentials = /x\nwebroot-path = /y\n"
				    "dns-other-credentials = /z\n",
				    "certificates"),
			 CW_OK);
	is_warned("dns-cloudflare");
	is_warned("webroot");
	is_warned("dns-other-credentials");
}

static void
test_help_does_not_need_a_configuration_file(void **state)
{
	(void)state;
	assert_int_equal(parse_with("nonsense = 1\n", "--help"), CW_OK);
	assert_int_equal(parse_with("nonsense = 1\n", "--version"), CW_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_the_verb_may_stand_anywhere),
		TEST(test_a_value_that_is_a_verb_is_a_value),
		TEST(test_without_a_verb_it_is_run),
		TEST(test_a_verb_has_its_other_name),
		TEST(test_an_unknown_verb_names_the_nearest),
		TEST(test_a_second_word_is_not_expected),
		TEST(test_help_takes_a_topic),
		TEST(test_version_is_asked_for),
		TEST(test_values_stand_apart_or_joined),
		TEST(test_short_options_can_be_grouped),
		TEST(test_lists_are_repeated_or_joined_by_commas),
		TEST(test_the_last_value_wins),
		TEST(test_three_state_flags_are_unset_until_given),
		TEST(test_flags_that_are_on_are_turned_off),
		TEST(test_paths_become_absolute),
		TEST(test_unambiguous_abbreviations_are_understood),
		TEST(test_ambiguous_abbreviations_name_the_candidates),
		TEST(test_unknown_options_name_the_nearest),
		TEST(test_values_are_asked_for_and_refused),
		TEST(test_what_stands_behind_a_mistake_is_read),
		TEST(test_secrets_are_kept_out_of_the_log),
		TEST(test_options_without_effect_say_so_once),
		TEST(test_debians_own_configuration_is_read),
		TEST(test_the_command_line_wins_over_configuration_files),
		TEST(test_configuration_keys_are_long_names),
		TEST(test_a_false_flag_in_a_configuration_file_is_not_given),
		TEST(test_the_later_line_wins),
		TEST(test_the_users_file_wins_over_the_systems),
		TEST(test_mistakes_in_configuration_files_have_file_and_line),
		TEST(test_keys_of_plugins_that_are_not_here_are_warned_of),
		TEST(test_help_does_not_need_a_configuration_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
