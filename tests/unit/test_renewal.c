#include "store/renewal.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *const key_types[] = {"rsa", "ecdsa", NULL};

static const struct cw_option options[] = {
	{.names = NAMES("server"),
	 .kind = CW_OPTION_STRING,
	 .internal = "server",
	 .default_value = "https://ca.test/dir"},
	{.names = NAMES("account"), .kind = CW_OPTION_STRING, .internal = "account"},
	{.names = NAMES("key-type"),
	 .kind = CW_OPTION_STRING,
	 .internal = "key_type",
	 .default_value = "ecdsa",
	 .choices = key_types},
	{.names = NAMES("authenticator"),
	 .kind = CW_OPTION_STRING,
	 .flags = CW_OPT_RENEWAL,
	 .internal = "authenticator"},
	{.names = NAMES("installer"),
	 .kind = CW_OPTION_STRING,
	 .flags = CW_OPT_RENEWAL,
	 .internal = "installer"},
	{.names = NAMES("rsa-key-size"),
	 .kind = CW_OPTION_INTEGER,
	 .flags = CW_OPT_RENEWAL,
	 .internal = "rsa_key_size",
	 .default_value = "2048"},
	{.names = NAMES("elliptic-curve"),
	 .kind = CW_OPTION_STRING,
	 .flags = CW_OPT_RENEWAL,
	 .internal = "elliptic_curve"},
	{.names = NAMES("reuse-key"),
	 .kind = CW_OPTION_FLAG,
	 .flags = CW_OPT_RENEWAL,
	 .internal = "reuse_key"},
	{.names = NAMES("no-autorenew"),
	 .kind = CW_OPTION_FLAG,
	 .flags = CW_OPT_RENEWAL | CW_OPT_NEGATIVE,
	 .internal = "autorenew",
	 .default_value = "True"},
	{.names = NAMES("deploy-hook"),
	 .kind = CW_OPTION_STRING,
	 .flags = CW_OPT_RENEWAL,
	 .internal = "deploy_hook"},
	{.names = NAMES("preferred-challenges"),
	 .kind = CW_OPTION_LIST,
	 .flags = CW_OPT_RENEWAL | CW_OPT_COMMAS,
	 .internal = "pref_challs"},
	{.names = NAMES("dry-run"), .kind = CW_OPTION_FLAG, .internal = "dry_run"},
	{.names = NAMES("hook-timeout"),
	 .kind = CW_OPTION_INTEGER,
	 .flags = CW_OPT_OWN,
	 .internal = "hook_timeout"},
	{.names = NAMES("webroot-path"),
	 .kind = CW_OPTION_PATH_LIST,
	 .flags = CW_OPT_PLUGIN,
	 .internal = "webroot_path"},
	{.names = NAMES("webroot-map"),
	 .kind = CW_OPTION_MAP,
	 .flags = CW_OPT_PLUGIN,
	 .internal = "webroot_map"},
	{.names = NAMES("authenticator-map"),
	 .kind = CW_OPTION_MAP,
	 .flags = CW_OPT_OWN,
	 .internal = "authenticator_map"},
	{.names = NAMES("dns-exec-program"),
	 .kind = CW_OPTION_PATH,
	 .flags = CW_OPT_PLUGIN,
	 .internal = "dns_exec_program"},
};

static struct cw_option_set *set;

static int
set_up(void **state)
{
	(void)state;
	set = cw_option_set_new();
	for (size_t i = 0; i < CW_COUNT(options); i++) {
		if (cw_option_set_add(set, &options[i], NULL) != CW_OK)
			return -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	cw_option_set_free(set);
	return 0;
}

static struct cw_configobj *
parse(const char *text)
{
	struct cw_configobj *config;

	assert_int_equal(cw_configobj_parse(text, strlen(text), "a", &config, NULL), CW_OK);
	return config;
}

static struct cw_settings *
read_text(const char *text, struct cw_strv *unknown)
{
	cw_auto_configobj struct cw_configobj *config = parse(text);
	struct cw_settings *settings = cw_settings_new(set);

	assert_int_equal(cw_renewal_read(config, "\"a.conf\"", settings, unknown, NULL), CW_OK);
	return settings;
}

static void
command(struct cw_settings *settings, const char *internal, const char *value)
{
	assert_int_equal(cw_settings_set(settings, internal, CW_SOURCE_COMMAND, value, NULL),
			 CW_OK);
}

static void
assert_written_for(struct cw_configobj *config, const struct cw_settings *settings,
		   const char *authenticator, const char *installer, const char *expected)
{
	cw_auto_buf struct cw_buf text = {0};

	cw_renewal_write(config, settings, "1234", authenticator, installer);
	assert_int_equal(cw_configobj_check(config, NULL), CW_OK);
	cw_configobj_write(config, &text);
	assert_string_equal(cw_buf_text(&text), expected);
}

static void
assert_written(struct cw_configobj *config, const struct cw_settings *settings,
	       const char *authenticator, const char *expected)
{
	assert_written_for(config, settings, authenticator, NULL, expected);
}

static const char certbots[] = "version = 5.6.0\n"
			       "[renewalparams]\n"
			       "account = 1234\n"
			       "authenticator = webroot\n"
			       "installer = None\n"
			       "server = https://other.test/\n"
			       "key_type = rsa\n"
			       "rsa_key_size = 4096\n"
			       "reuse_key = True\n"
			       "autorenew = False\n"
			       "renew_hook = systemctl reload \"nginx\"\n"
			       "pref_challs = http-01,\n"
			       "dry_run = True\n"
			       "webroot_path = /srv/a, /srv/b\n"
			       "manual_auth_hook = x\n"
			       "[[webroot_map]]\n"
			       "a.test = /srv/a\n"
			       "*.b.test = /srv/b\n"
			       "[[odd_map]]\n"
			       "x = y\n"
			       "[certwright]\n"
			       "hook_timeout = 60\n"
			       "pref_challs = tls-alpn-01, http-01\n"
			       "newer = 1\n"
			       "[acme_renewal_info]\n"
			       "ari_retry_after = 2026-01-01T00:00:00\n";

static void
test_certbots_file_is_understood(void **state)
{
	cw_auto_strv struct cw_strv unknown = {0};
	cw_auto_settings struct cw_settings *settings = read_text(certbots, &unknown);
	cw_autofree char *names = cw_strv_join(&unknown, " ");

	(void)state;
	assert_string_equal(cw_settings_get(settings, "authenticator"), "webroot");
	assert_null(cw_settings_get(settings, "installer"));
	assert_string_equal(cw_settings_get(settings, "server"), "https://other.test/");
	assert_int_equal(cw_settings_int(settings, "rsa_key_size", 0), 4096);
	assert_true(cw_settings_flag(settings, "reuse_key"));
	assert_false(cw_settings_flag(settings, "autorenew"));
	assert_false(cw_settings_flag(settings, "dry_run"));
	assert_string_equal(cw_settings_get(settings, "deploy_hook"), "systemctl reload \"nginx\"");
	assert_int_equal(cw_settings_list(settings, "webroot_path")->count, 2);
	assert_string_equal(cw_settings_map_get(settings, "webroot_map", "*.b.test"), "/srv/b");
	assert_int_equal(cw_settings_int(settings, "hook_timeout", 0), 60);
	assert_int_equal(cw_settings_list(settings, "pref_challs")->count, 2);
	assert_string_equal(cw_settings_list(settings, "pref_challs")->items[0], "tls-alpn-01");
	assert_int_equal(cw_settings_source(settings, "key_type"), CW_SOURCE_RENEWAL);
	assert_string_equal(names, "dry_run manual_auth_hook odd_map newer");
}

static void
test_the_command_line_wins(void **state)
{
	cw_auto_configobj struct cw_configobj *config = parse(certbots);
	cw_auto_settings struct cw_settings *settings = cw_settings_new(set);

	(void)state;
	command(settings, "key_type", "ecdsa");
	assert_int_equal(cw_renewal_read(config, "a", settings, NULL, NULL), CW_OK);
	assert_string_equal(cw_settings_get(settings, "key_type"), "ecdsa");
}

static void
test_a_bad_value_is_named(void **state)
{
	cw_auto_configobj struct cw_configobj *config = parse("[renewalparams]\nkey_type = dsa\n");
	cw_auto_settings struct cw_settings *settings = cw_settings_new(set);
	cw_auto_error struct cw_error error = {0};

	(void)state;
	assert_true(cw_renewal_read(config, "\"/r/a.conf\"", settings, NULL, &error) < 0);
	assert_string_equal(error.message, "\"/r/a.conf\", \"key_type = dsa\" in [renewalparams]");
	assert_non_null(cw_error_hint(&error));
}

static void
test_a_new_file_has_what_the_user_set(void **state)
{
	cw_auto_configobj struct cw_configobj *config = cw_configobj_new();
	cw_auto_settings struct cw_settings *settings = cw_settings_new(set);

	(void)state;
	command(settings, "webroot_path", "/srv/a");
	command(settings, "deploy_hook", "it's # \"good\"");
	command(settings, "dns_exec_program", "/bin/true");
	command(settings, "dry_run", "1");
	command(settings, "autorenew", "0");
	command(settings, "hook_timeout", "60");
	assert_int_equal(cw_settings_set_map(settings, "webroot_map", CW_SOURCE_RUNTIME, "a.test",
					     "/srv/a", NULL),
			 CW_OK);
	assert_written(config, settings, "webroot",
		       "\n# What renewals use\n"
		       "[renewalparams]\n"
		       "account = 1234\n"
		       "authenticator = webroot\n"
		       "server = https://ca.test/dir\n"
		       "key_type = ecdsa\n"
		       "autorenew = False\n"
		       "renew_hook = '''it's # \"good\"'''\n"
		       "webroot_path = /srv/a,\n"
		       "[[webroot_map]]\n"
		       "a.test = /srv/a\n"
		       "\n"
		       "[certwright]\n"
		       "hook_timeout = 60\n");
}

static void
test_writing_what_was_read_changes_nothing_of_ours(void **state)
{
	static const char text[] = "# renew_before_expiry = 30 days\n"
				   "version = 5.6.0\n"
				   "mine = kept\n"
				   "\n"
				   "# Options\n"
				   "[renewalparams]\n"
				   "account=1234   # the old one\n"
				   "authenticator = webroot\n"
				   "server = https://other.test/\n"
				   "key_type = rsa\n"
				   "rsa_key_size = 4096\n"
				   "webroot_path = /srv/a, /srv/b\n"
				   "pref_challs = http-01,\n"
				   "[[webroot_map]]\n"
				   "a.test = /srv/a\n"
				   "[acme_renewal_info]\n"
				   "ari_retry_after = 2026-01-01T00:00:00\n";
	cw_auto_configobj struct cw_configobj *config = parse(text);
	cw_auto_settings struct cw_settings *settings = read_text(text, NULL);

	(void)state;
	assert_written(config, settings, "webroot", text);
}

static void
test_what_the_settings_lack_goes(void **state)
{
	cw_auto_configobj struct cw_configobj *config = parse(certbots);
	cw_auto_settings struct cw_settings *settings = cw_settings_new(set);

	(void)state;
	command(settings, "dns_exec_program", "/bin/true");
	command(settings, "webroot_path", "/srv/a");
	assert_written(config, settings, "x:dns-exec",
		       "version = 5.6.0\n"
		       "[renewalparams]\n"
		       "account = 1234\n"
		       "authenticator = x:dns-exec\n"
		       "server = https://ca.test/dir\n"
		       "key_type = ecdsa\n"
		       "dns_exec_program = /bin/true\n"
		       "[certwright]\n"
		       "newer = 1\n"
		       "[acme_renewal_info]\n"
		       "ari_retry_after = 2026-01-01T00:00:00\n");
}

static void
test_challenges_that_certbot_refuses_are_kept_from_it(void **state)
{
	cw_auto_configobj struct cw_configobj *config = parse("[renewalparams]\naccount = 1234\n");
	cw_auto_settings struct cw_settings *settings = cw_settings_new(set);

	(void)state;
	command(settings, "pref_challs", "tls-alpn-01");
	command(settings, "pref_challs", "dns-01");
	assert_written(config, settings, NULL,
		       "[renewalparams]\n"
		       "account = 1234\n"
		       "server = https://ca.test/dir\n"
		       "key_type = ecdsa\n"
		       "pref_challs = dns-01,\n"
		       "\n"
		       "[certwright]\n"
		       "pref_challs = tls-alpn-01, dns-01\n");
	cw_settings_reset(settings, "pref_challs");
	assert_written(config, settings, NULL,
		       "[renewalparams]\n"
		       "account = 1234\n"
		       "server = https://ca.test/dir\n"
		       "key_type = ecdsa\n");
}

static void
test_names_that_left_the_map_go(void **state)
{
	static const char text[] = "[renewalparams]\n"
				   "account = 1234\n"
				   "authenticator = webroot\n"
				   "server = https://ca.test/dir\n"
				   "key_type = ecdsa\n"
				   "[[webroot_map]]\n"
				   "a.test = /srv/a\n"
				   "b.test = /srv/b\n";
	cw_auto_configobj struct cw_configobj *config = parse(text);
	cw_auto_settings struct cw_settings *settings = cw_settings_new(set);

	(void)state;
	assert_int_equal(cw_settings_set_map(settings, "webroot_map", CW_SOURCE_COMMAND, "b.test",
					     "/srv/c", NULL),
			 CW_OK);
	assert_written(config, settings, "webroot",
		       "[renewalparams]\n"
		       "account = 1234\n"
		       "authenticator = webroot\n"
		       "server = https://ca.test/dir\n"
		       "key_type = ecdsa\n"
		       "[[webroot_map]]\n"
		       "b.test = /srv/c\n");
}

/* Certbot takes what it does not know out of its own section, and leaves ours alone. */
static void
test_plugins_of_single_names_are_kept_in_our_section(void **state)
{
	static const char text[] = "[renewalparams]\n"
				   "account = 1234\n"
				   "authenticator = webroot\n"
				   "server = https://ca.test/dir\n"
				   "key_type = ecdsa\n"
				   "[[webroot_map]]\n"
				   "a.test = /srv/a\n"
				   "[certwright]\n"
				   "dns_exec_program = /bin/dns\n"
				   "[[authenticator_map]]\n"
				   "a.test = webroot\n"
				   "*.a.test = dns-exec\n";
	cw_auto_configobj struct cw_configobj *config = parse(text);
	cw_auto_settings struct cw_settings *settings = read_text(text, NULL);

	(void)state;
	assert_string_equal(cw_settings_get(settings, "dns_exec_program"), "/bin/dns");
	assert_string_equal(cw_settings_map_get(settings, "authenticator_map", "*.a.test"),
			    "dns-exec");
	assert_written(config, settings, "webroot", text);
	/* Where all names have one plugin, neither the map nor the other's options are left. */
	cw_settings_reset(settings, "authenticator_map");
	assert_written(config, settings, "webroot",
		       "[renewalparams]\n"
		       "account = 1234\n"
		       "authenticator = webroot\n"
		       "server = https://ca.test/dir\n"
		       "key_type = ecdsa\n"
		       "[[webroot_map]]\n"
		       "a.test = /srv/a\n");
	/* And an option moves where its plugin is. */
	assert_written(config, settings, "dns-exec",
		       "[renewalparams]\n"
		       "account = 1234\n"
		       "authenticator = dns-exec\n"
		       "server = https://ca.test/dir\n"
		       "key_type = ecdsa\n"
		       "dns_exec_program = /bin/dns\n");
}

static void
test_further_installers_and_their_options_are_kept_in_our_section(void **state)
{
	static const char text[] = "[renewalparams]\n"
				   "account = 1234\n"
				   "authenticator = standalone\n"
				   "installer = nginx\n"
				   "server = https://ca.test/dir\n"
				   "key_type = ecdsa\n";
	static const char both[] = "[renewalparams]\n"
				   "account = 1234\n"
				   "authenticator = standalone\n"
				   "installer = nginx\n"
				   "server = https://ca.test/dir\n"
				   "key_type = ecdsa\n"
				   "\n"
				   "[certwright]\n"
				   "further_installers = dns-exec,\n"
				   "dns_exec_program = /bin/dns\n";
	cw_auto_configobj struct cw_configobj *config = parse(text);
	cw_auto_settings struct cw_settings *settings = read_text(text, NULL);

	(void)state;
	cw_settings_set(settings, "dns_exec_program", CW_SOURCE_COMMAND, "/bin/dns", NULL);
	cw_renewal_add_installer(config, "nginx");
	cw_renewal_add_installer(config, "dns-exec");
	cw_renewal_add_installer(config, "dns-exec");
	cw_renewal_write_plugin(config, settings, "dns-exec");
	assert_written_for(config, settings, "standalone", "nginx", both);
	/* Another installer takes the place of all. */
	cw_settings_reset(settings, "dns_exec_program");
	assert_written_for(config, settings, "standalone", "dist:other",
			   "[renewalparams]\n"
			   "account = 1234\n"
			   "authenticator = standalone\n"
			   "installer = dist:other\n"
			   "server = https://ca.test/dir\n"
			   "key_type = ecdsa\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certbots_file_is_understood),
		cmocka_unit_test(test_the_command_line_wins),
		cmocka_unit_test(test_a_bad_value_is_named),
		cmocka_unit_test(test_a_new_file_has_what_the_user_set),
		cmocka_unit_test(test_writing_what_was_read_changes_nothing_of_ours),
		cmocka_unit_test(test_what_the_settings_lack_goes),
		cmocka_unit_test(test_challenges_that_certbot_refuses_are_kept_from_it),
		cmocka_unit_test(test_names_that_left_the_map_go),
		cmocka_unit_test(test_plugins_of_single_names_are_kept_in_our_section),
		cmocka_unit_test(test_further_installers_and_their_options_are_kept_in_our_section),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
