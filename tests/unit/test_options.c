#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "base/text.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "plugin_fixture.h"
#include "role_fixture.h"

#include <ctype.h>

#ifndef FIXTURES
#define FIXTURES "tests/unit/fixtures"
#endif

/* One line of the table of what Certbot has. */
struct row {
	struct cw_strv flags; /* "--domains", "-d" */
	const char *takes, *internal, *otherwise, *choices;
};

static struct cw_option_set *options;
static struct cw_registry *registry;
static struct cw_plugin_flags *plugin_flags;
static bool has_webroot;

static int
begin(void **state)
{
	cw_autofree char *module = cw_format("%s/webroot.so", plugins_folder());
	struct cw_module *webroot;

	if (scratch_make(state) != 0)
		return -1;
	has_webroot = cw_file_exists(module);
	if (has_webroot)
		install_module(plugins_folder(), "webroot");
	else
		setenv("CERTWRIGHT_PLUGIN_PATH", scratch, 1);
	registry = cw_registry_new();
	options = cw_core_options();
	plugin_flags = cw_add_plugin_options(options, registry);
	if (has_webroot && (cw_registry_open(registry, "webroot", &webroot, NULL) != CW_OK ||
			    cw_module_add_options(webroot, options, NULL) != CW_OK))
		return -1;
	return 0;
}

static int
end(void **state)
{
	cw_option_set_free(options);
	cw_plugin_flags_free(plugin_flags);
	cw_registry_free(registry);
	unsetenv("CERTWRIGHT_PLUGIN_PATH");
	return scratch_remove(state);
}

/* The next field of *LINE, which ends at a tab. */
static char *
field(char **line)
{
	static char empty[] = "";
	char *text = *line != NULL ? *line : empty;
	char *tab = strchr(text, '\t');

	*line = tab != NULL ? tab + 1 : NULL;
	if (tab != NULL)
		*tab = '\0';
	return text;
}

static void
each_row(void (*check)(const struct row *row))
{
	cw_auto_buf struct cw_buf text = {0};
	size_t count = 0;
	char *line;

	assert_int_equal(cw_file_read(FIXTURES "/cli-options.tsv", 1 << 20, &text, NULL), CW_OK);
	line = text.data;
	while (line != NULL && *line != '\0') {
		char *next = strchr(line, '\n');
		struct row row = {0};

		if (next != NULL)
			*next++ = '\0';
		if (*line == '-') {
			cw_strv_split(&row.flags, field(&line), ' ');
			row.takes = field(&line);
			row.internal = field(&line);
			row.otherwise = field(&line);
			row.choices = field(&line);
			if (has_webroot || !cw_starts_with(row.internal, "webroot_"))
				check(&row);
			cw_strv_clear(&row.flags);
			count++;
		}
		line = next;
	}
	assert_true(count > 120);
}

static const struct cw_option *
option_of(const struct row *row)
{
	for (size_t i = 0; i < row->flags.count; i++)
		if (cw_starts_with(row->flags.items[i], "--"))
			return cw_option_by_name(options, row->flags.items[i] + 2);
	return NULL;
}

static void
check_names(const struct row *row)
{
	const struct cw_option *option = option_of(row);
	size_t names = 0, shorts = 0, in_table = 0;

	if (option == NULL)
		fail_msg("%s is missing", row->flags.items[0]);
	for (size_t i = 0; i < row->flags.count; i++) {
		const char *name = row->flags.items[i];

		if (cw_starts_with(name, "--")) {
			assert_ptr_equal(cw_option_by_name(options, name + 2), option);
			names++;
		} else {
			assert_ptr_equal(cw_option_by_short(options, name[1]), option);
			shorts++;
		}
	}
	while (option->names[in_table] != NULL)
		in_table++;
	assert_int_equal(in_table, names);
	assert_int_equal(option->short_name != 0, shorts);
}

static void
test_every_option_has_exactly_its_names(void **state)
{
	(void)state;
	each_row(check_names);
}

/* The two flags of "plugins" set one thing in Certbot's, to the class that is looked for. */
static const char *
internal_of(const struct row *row)
{
	return strcmp(row->internal, "ifaces") == 0 ? row->flags.items[0] + 2 : row->internal;
}

static void
check_internal(const struct row *row)
{
	const struct cw_option *option = option_of(row);
	cw_autofree char *otherwise = cw_strdup(row->otherwise);

	assert_string_equal(option->internal, internal_of(row));
	if (strcmp(otherwise, "[]") == 0 || strcmp(otherwise, "{}") == 0)
		*otherwise = '\0';
	assert_string_equal(option->default_value != NULL ? option->default_value : "", otherwise);
}

static void
test_every_option_has_its_internal_name_and_default(void **state)
{
	(void)state;
	each_row(check_internal);
}

static void
check_kind(const struct row *row)
{
	const struct cw_option *option = option_of(row);
	bool flag = cw_starts_with(row->takes, "flag") || strcmp(row->takes, "counted flag") == 0 ||
		    cw_starts_with(row->takes, "accepted");
	bool list = cw_starts_with(row->takes, "list");
	bool map = strcmp(row->takes, "JSON object") == 0;
	bool is_list = option->kind == CW_OPTION_LIST || option->kind == CW_OPTION_PATH_LIST;

	if ((option->kind == CW_OPTION_FLAG) != flag || is_list != list ||
	    (option->kind == CW_OPTION_MAP) != map)
		fail_msg("%s is not a %s", row->flags.items[0], row->takes);
	assert_int_equal((option->flags & CW_OPT_COUNT) != 0, row->takes[0] == 'c' && flag);
	assert_int_equal((option->flags & CW_OPT_NEGATIVE) != 0, strchr(row->takes, '(') != NULL);
	assert_int_equal((option->flags & CW_OPT_IGNORED) != 0,
			 cw_starts_with(row->takes, "accepted"));
	assert_int_equal((option->flags & CW_OPT_COMMAS) != 0,
			 strstr(row->takes, "comma-separated") != NULL);
	/* -a goes by position too, which Certbot's does not. */
	assert_int_equal(option->fills_map != NULL,
			 strstr(row->takes, "positional") != NULL ||
				 strcmp(option->internal, "authenticator") == 0);
}

static void
test_every_option_takes_what_it_takes(void **state)
{
	(void)state;
	each_row(check_kind);
}

static void
check_choices(const struct row *row)
{
	const struct cw_option *option = option_of(row);
	cw_auto_strv struct cw_strv choices = {0};

	/* Certbot has a check of its own for challenge types. */
	if (strcmp(row->internal, "pref_challs") == 0)
		return;
	cw_strv_split(&choices, row->choices, ',');
	assert_int_equal(option->choices != NULL, choices.count > 0);
	for (size_t i = 0; i < choices.count; i++)
		assert_string_equal(option->choices[i], choices.items[i]);
	if (choices.count > 0)
		assert_null(option->choices[choices.count]);
}

static void
test_every_option_has_its_choices(void **state)
{
	(void)state;
	each_row(check_choices);
}

static void
test_what_renewal_files_save_is_marked(void **state)
{
	static const char *const saved[] = {"config_dir",        "logs_dir",
					    "work_dir",          "user_agent",
					    "authenticator",     "installer",
					    "deploy_hook",       "pre_hook",
					    "post_hook",         "http01_address",
					    "preferred_chain",   "elliptic_curve",
					    "preferred_profile", "required_profile",
					    "rsa_key_size",      "http01_port",
					    "must_staple",       "allow_subset_of_names",
					    "reuse_key",         "autorenew",
					    "pref_challs",       NULL};
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < cw_option_set_count(options); i++) {
		const struct cw_option *option = cw_option_set_at(options, i);
		bool expected = false;

		for (const char *const *name = saved; *name != NULL; name++)
			expected |= strcmp(*name, option->internal) == 0;
		if (((option->flags & CW_OPT_RENEWAL) != 0) != expected)
			fail_msg("--%s", option->names[0]);
		found += cw_option_by_internal(options, option->internal) == option && expected;
	}
	assert_int_equal(found, CW_COUNT(saved) - 1);
}

static void
test_every_option_is_described_in_a_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < cw_option_set_count(options); i++) {
		const struct cw_option *option = cw_option_set_at(options, i);

		if (option->help == NULL || !isupper((unsigned char)option->help[0]))
			fail_msg("--%s", option->names[0]);
		assert_non_null(option->topics);
	}
}

static bool
is_topic(const char *name)
{
	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		if (strcmp(topic->name, name) == 0)
			return true;
	return cw_verb_by_name(name) != NULL;
}

static void
test_topics_are_those_that_have_a_title(void **state)
{
	(void)state;
	for (size_t i = 0; i < cw_option_set_count(options); i++) {
		const struct cw_option *option = cw_option_set_at(options, i);
		cw_auto_strv struct cw_strv topics = {0};

		if ((option->flags & (CW_OPT_PLUGIN | CW_OPT_HIDDEN)) != 0)
			continue;
		cw_strv_split(&topics, option->topics, ' ');
		for (size_t j = 0; j < topics.count; j++)
			if (!is_topic(topics.items[j]))
				fail_msg("--%s: %s", option->names[0], topics.items[j]);
	}
}

static void
test_topics_are_whole_words(void **state)
{
	const struct cw_option option = {.topics = " certonly renew"};

	(void)state;
	assert_true(cw_option_has_topic(&option, ""));
	assert_true(cw_option_has_topic(&option, "renew"));
	assert_true(cw_option_has_topic(&option, "certonly"));
	assert_false(cw_option_has_topic(&option, "cert"));
	assert_false(cw_option_has_topic(&option, "only"));
}

static void
test_the_eab_key_is_a_secret(void **state)
{
	(void)state;
	assert_true(cw_option_by_name(options, "eab-hmac-key")->flags & CW_OPT_SECRET);
}

static void
test_every_cloud_authenticator_of_certbots_is_known(void **state)
{
	static const char *const services[] = {
		"cloudflare", "digitalocean", "dnsimple", "dnsmadeeasy", "gehirn",  "google",
		"linode",     "luadns",       "nsone",    "ovh",         "route53", "sakuracloud"};

	/* Where none of Certbot's plugins is installed. */
	struct cw_registry *none = cw_registry_of_files(NULL, 0);

	(void)state;
	cw_add_certbots_options(plugin_flags, options, none);
	cw_registry_free(none);
	for (size_t i = 0; i < CW_COUNT(services); i++) {
		cw_autofree char *name = cw_format("dns-%s", services[i]);
		cw_autofree char *credentials = cw_format("%s-credentials", name);
		cw_autofree char *seconds = cw_format("%s-propagation-seconds", name);

		assert_true(cw_is_cloud_dns(name));
		assert_int_equal(cw_option_by_name(options, name)->kind, CW_OPTION_FLAG);
		assert_int_equal(cw_option_by_name(options, credentials)->kind, CW_OPTION_PATH);
		assert_int_equal(cw_option_by_name(options, seconds)->kind, CW_OPTION_INTEGER);
	}
	assert_false(cw_is_cloud_dns("dns-rfc2136"));
}

/* An empty file does: a module is known by its name before it is opened. */
static void
test_options_of_a_module_are_left_to_it(void **state)
{
	struct cw_registry *others;
	struct cw_option_set *mine = cw_core_options();
	struct cw_plugin_flags *made;
	cw_autofree char *folder = scratch_path("others");

	(void)state;
	scratch_write("others/nginx.so", "", 0644);
	scratch_write("others/dns-cloudflare.so", "", 0644);
	scratch_write("others/mine.so", "", 0644);
	scratch_write("others/server.so", "", 0644);
	setenv("CERTWRIGHT_PLUGIN_PATH", folder, 1);
	others = cw_registry_new();
	made = cw_add_plugin_options(mine, others);
	assert_null(cw_option_by_name(mine, "nginx-ctl"));
	assert_null(cw_option_by_name(mine, "dns-cloudflare-credentials"));
	assert_non_null(cw_option_by_name(mine, "apache-ctl"));
	assert_non_null(cw_option_by_name(mine, "manual-auth-hook"));
	/* The flags that select are there for all. */
	assert_non_null(cw_option_by_name(mine, "nginx"));
	assert_non_null(cw_option_by_name(mine, "dns-cloudflare"));
	assert_int_equal(cw_option_by_name(mine, "mine")->kind, CW_OPTION_FLAG);
	assert_string_equal(cw_option_by_internal(mine, "dns_cloudflare")->names[0],
			    "dns-cloudflare");
	/* A plugin does not take an option's name. */
	assert_int_equal(cw_option_by_name(mine, "server")->kind, CW_OPTION_STRING);
	cw_option_set_free(mine);
	cw_plugin_flags_free(made);
	cw_registry_free(others);
}

static void
test_options_of_known_plugins_are_recognized(void **state)
{
	(void)state;
	assert_string_equal(cw_known_plugin_of("webroot-path"), "webroot");
	assert_string_equal(cw_known_plugin_of("dns-rfc2136-credentials"), "dns-rfc2136");
	assert_null(cw_known_plugin_of("webroot"));
	assert_null(cw_known_plugin_of("server-name"));
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_option_has_exactly_its_names),
		cmocka_unit_test(test_every_option_has_its_internal_name_and_default),
		cmocka_unit_test(test_every_option_takes_what_it_takes),
		cmocka_unit_test(test_every_option_has_its_choices),
		cmocka_unit_test(test_what_renewal_files_save_is_marked),
		cmocka_unit_test(test_every_option_is_described_in_a_sentence),
		cmocka_unit_test(test_topics_are_those_that_have_a_title),
		cmocka_unit_test(test_topics_are_whole_words),
		cmocka_unit_test(test_the_eab_key_is_a_secret),
		cmocka_unit_test(test_every_cloud_authenticator_of_certbots_is_known),
		cmocka_unit_test(test_options_of_a_module_are_left_to_it),
		cmocka_unit_test(test_options_of_known_plugins_are_recognized),
	};
	int status;

	if (was_plugin_process(argc, argv, &status))
		return status;
	return cmocka_run_group_tests(tests, begin, end);
}
