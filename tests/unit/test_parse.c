#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "base/log.h"
#include "base/text.h"
#include "cli/parse.h"
#include "plugin_fixture.h"

#include <unistd.h>

static struct cw_registry *registry;
static struct cw_invocation invocation;
static struct cw_error error;
static struct cw_strv warnings;

static void
keep_warning(void *context, enum cw_log_level level, const char *line)
{
	(void)context;
	(void)level;
	cw_strv_add(&warnings, line);
}

static int
begin(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	setenv("CERTWRIGHT_PLUGIN_PATH", scratch, 1);
	cw_log_set_terminal(keep_warning, NULL, CW_LOG_WARNING);
	return 0;
}

static int
end(void **state)
{
	cw_invocation_clear(&invocation);
	cw_registry_free(registry);
	registry = NULL;
	cw_error_clear(&error);
	cw_strv_clear(&warnings);
	cw_log_set_terminal(NULL, NULL, CW_LOG_WARNING);
	unsetenv("CERTWRIGHT_PLUGIN_PATH");
	return scratch_remove(state);
}

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

static int
parse_arguments(const struct cw_strv *arguments)
{
	cw_invocation_clear(&invocation);
	cw_registry_free(registry);
	cw_error_clear(&error);
	cw_strv_clear(&warnings);
	registry = cw_registry_new();
	return cw_parse((int)arguments->count, (const char *const *)cw_strv_items(arguments),
			registry, &invocation, &error);
}

/* Reads LINE, words with single blanks between them ('_' stands for a blank in one), without the
 * machine's configuration files. */
static int
parse(const char *line)
{
	cw_auto_strv struct cw_strv arguments = {0};
	size_t words;

	cw_strv_add(&arguments, "certwright");
	cw_strv_add(&arguments, "--config=/dev/null");
	words = arguments.count;
	cw_strv_split(&arguments, line, ' ');
	for (size_t i = words; i < arguments.count; i++)
		cw_replace_char(arguments.items[i], '_', ' ');
	return parse_arguments(&arguments);
}

/* The same with a configuration file of its own. */
static int
parse_with(const char *config, const char *line)
{
	cw_auto_strv struct cw_strv arguments = {0};

	scratch_write("cli.ini", config, 0600);
	cw_strv_add(&arguments, "certwright");
	cw_strv_addf(&arguments, "-c%s/cli.ini", scratch);
	cw_strv_split(&arguments, line, ' ');
	return parse_arguments(&arguments);
}

static void
is_set(const char *internal, const char *value)
{
	const char *present = cw_settings_get(invocation.settings, internal);

	if (!cw_equal(present, value))
		fail_msg("%s is \"%s\", not \"%s\"", internal, present != NULL ? present : "none",
			 value != NULL ? value : "none");
}

static void
is_list_of(const char *internal, const char *values)
{
	cw_autofree char *joined =
		cw_strv_join(cw_settings_list(invocation.settings, internal), " ");

	assert_string_equal(joined, values);
}

static void
maps_to(const char *internal, const char *key, const char *value)
{
	const char *present = cw_settings_map_get(invocation.settings, internal, key);

	if (!cw_equal(present, value))
		fail_msg("%s is in \"%s\", not \"%s\"", key, present != NULL ? present : "none",
			 value != NULL ? value : "none");
}

/* LINE is an error with TEXT in its message or hint. */
static void
is_usage_error(const char *line, const char *text)
{
	cw_autofree char *message = NULL;
	const char *hint;

	if (parse(line) != CW_E_USAGE)
		fail_msg("\"%s\" is no usage error", line);
	assert_int_equal(error.status, CW_E_USAGE);
	message = cw_error_line(&error);
	hint = cw_error_hint(&error);
	if (strstr(message, text) == NULL && (hint == NULL || strstr(hint, text) == NULL))
		fail_msg("\"%s\" (%s) does not say \"%s\"", message, hint != NULL ? hint : "",
			 text);
}

static void
is_warned(const char *text)
{
	for (size_t i = 0; i < warnings.count; i++)
		if (strstr(warnings.items[i], text) != NULL)
			return;
	fail_msg("no warning of \"%s\"", text);
}

/* ---- words ---- */

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
		{"help", NULL},           {"--help", NULL},
		{"-h", NULL},             {"help renew", "renew"},
		{"--help renew", "renew"}, {"-h paths", "paths"},
		{"--help=all", "all"},    {"certonly --help", "certonly"},
		{"-n -h certonly", "certonly"}, {"certonly --help webroot", "webroot"},
		{"help -n security", "security"}, {"-nh", NULL},
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

/* ---- options ---- */

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
	assert_int_equal(parse("certonly --hsts --hsts --no-bootstrap --nginx-ctl x"), CW_OK);
	assert_int_equal(warnings.count, 3);
	is_warned("\"--hsts\" has no effect yet");
	is_warned("\"--no-bootstrap\" does nothing");
	is_warned("plugin \"nginx\" is not installed");
	assert_int_equal(parse("certonly --no-eff-email --break-my-certs -t"), CW_OK);
	assert_int_equal(warnings.count, 0);
}

/* ---- configuration files ---- */

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

/* TEXT is refused with line LINE and WORDS in the message. */
static void
is_refused_at(const char *text, const char *line, const char *word)
{
	cw_autofree char *message = NULL;

	assert_int_equal(parse_with(text, "certonly --json"), CW_E_INVALID);
	message = cw_error_line(&error);
	if (strstr(message, line) == NULL || strstr(message, word) == NULL)
		fail_msg("%s", message);
	assert_non_null(strstr(message, "/cli.ini"));
	is_set("json", "1");
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
	is_refused_at("webroot-map = {\n", "line 1", "webroot-map");
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

/* ---- plugins ---- */

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
}

/* ---- -w against -d ---- */

static void
test_each_webroot_holds_for_the_names_after_it(void **state)
{
	(void)state;
	if (!install_webroot())
		skip();
	assert_int_equal(parse("certonly -w /1 -d A.test.,b.test -w /2 -d c.test -d d.test"), CW_OK);
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
	cw_autofree char *relative = cw_path_absolute("m");

	(void)state;
	if (!install_webroot())
		skip();
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
		TEST(test_a_flag_selects_a_plugin),
		TEST(test_a_flag_selects_a_plugin_of_another_name),
		TEST(test_two_plugins_at_once_are_refused),
		TEST(test_the_command_line_selects_over_configuration_files),
		TEST(test_cloud_authenticators_are_answered_with_what_to_use),
		TEST(test_only_modules_that_are_meant_are_opened),
		TEST(test_options_of_an_absent_webroot_name_it),
		TEST(test_options_of_plugins_come_from_their_modules),
		TEST(test_each_webroot_holds_for_the_names_after_it),
		TEST(test_the_first_webroot_holds_for_names_before_it),
		TEST(test_international_names_are_mapped_as_a_labels),
		TEST(test_a_map_comes_before_positions_and_implies_its_names),
		TEST(test_configured_webroots_hold_for_names_on_the_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
