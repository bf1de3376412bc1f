#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "base/text.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "plugin_fixture.h"
#include "role_fixture.h"

static struct cw_option_set *options;
static struct cw_registry *registry;
static struct cw_plugin_flags *plugin_flags;
static char *page;

static int
begin(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	setenv("CERTWRIGHT_PLUGIN_PATH", scratch, 1);
	registry = cw_registry_new();
	options = cw_core_options();
	return 0;
}

static int
end(void **state)
{
	cw_option_set_free(options);
	cw_plugin_flags_free(cw_take(&plugin_flags));
	cw_registry_free(registry);
	free(cw_take(&page));
	unsetenv("CERTWRIGHT_PLUGIN_PATH");
	return scratch_remove(state);
}

static void
add_plugin_options(void)
{
	if (plugin_flags == NULL)
		plugin_flags = cw_add_plugin_options(options, registry);
}

/* The help on TOPIC goes to page. */
static int
help(const char *topic, struct cw_error *error)
{
	size_t length;
	FILE *out;
	int status;

	free(cw_take(&page));
	out = open_memstream(&page, &length);
	add_plugin_options();
	status = cw_help_write(out, topic, options, registry, error);
	fclose(out);
	return status;
}

static void
says(const char *text)
{
	if (strstr(page, text) == NULL)
		fail_msg("\"%s\" is not in:\n%s", text, page);
}

/* Whether NAME is there as a whole option name. */
static bool
has_option(const char *text, const char *name)
{
	cw_autofree char *dashed = cw_format("--%s", name);

	while ((text = strstr(text, dashed)) != NULL) {
		text += strlen(dashed);
		if (*text != '-' && (*text < 'a' || *text > 'z') && (*text < '0' || *text > '9'))
			return true;
	}
	return false;
}

static void
test_all_has_every_option(void **state)
{
	(void)state;
	assert_int_equal(help("all", NULL), CW_OK);
	for (size_t i = 0; i < cw_option_set_count(options); i++) {
		const struct cw_option *option = cw_option_set_at(options, i);

		for (const char *const *name = option->names; *name != NULL; name++)
			if (has_option(page, *name) != ((option->flags & CW_OPT_HIDDEN) == 0))
				fail_msg("--%s", *name);
	}
}

static void
test_all_has_each_option_once(void **state)
{
	const char *first;

	(void)state;
	assert_int_equal(help("all", NULL), CW_OK);
	first = strstr(page, "\n  --expand ");
	assert_non_null(first);
	assert_null(strstr(first + 1, "\n  --expand "));
}

static void
test_the_overview_has_every_verb(void **state)
{
	(void)state;
	assert_int_equal(help(NULL, NULL), CW_OK);
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++)
		says(verb->name);
	says("-d, --domains, --domain NAME");
	says("standalone");
}

static void
test_every_verb_and_topic_has_a_page(void **state)
{
	(void)state;
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++) {
		assert_int_equal(help(verb->name, NULL), CW_OK);
		assert_true(cw_starts_with(page, "usage: certwright "));
		says("--json");
	}
	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		if (*topic->name != '\0')
			assert_int_equal(help(topic->name, NULL), CW_OK);
	assert_int_equal(help("auth", NULL), CW_OK);
	says("usage: certwright certonly");
}

static void
test_a_verbs_page_has_its_options(void **state)
{
	(void)state;
	assert_int_equal(help("renew", NULL), CW_OK);
	assert_true(has_option(page, "no-random-sleep-on-renew"));
	assert_true(has_option(page, "quiet"));
	assert_false(has_option(page, "reason"));
	assert_int_equal(help("revoke", NULL), CW_OK);
	assert_true(has_option(page, "reason"));
	assert_false(has_option(page, "domains"));
}

static void
test_lines_fit_into_eighty_columns(void **state)
{
	static const char *const topics[] = {"all", "certonly", "plugins", "security"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(topics); i++) {
		assert_int_equal(help(topics[i], NULL), CW_OK);
		for (const char *line = page; *line != '\0'; line += strcspn(line, "\n") + 1)
			if (strcspn(line, "\n") > 80)
				fail_msg("%.*s", (int)strcspn(line, "\n"), line);
	}
}

static void
test_choices_defaults_and_effects_are_told(void **state)
{
	(void)state;
	assert_int_equal(help("security", NULL), CW_OK);
	says("rsa, ecdsa. Default: ecdsa.");
	says("Default: 2048.");
	assert_int_equal(help("register", NULL), CW_OK);
	says("(Has no effect.)");
	assert_int_equal(help("nginx", NULL), CW_OK);
	says("--nginx-ctl");
	says("not installed");
}

static void
test_an_unknown_topic_names_the_nearest(void **state)
{
	cw_auto_error struct cw_error error = {0};

	(void)state;
	assert_int_equal(help("securty", &error), CW_E_USAGE);
	assert_non_null(strstr(cw_error_hint(&error), "security"));
	assert_int_equal(help("dns-cloudflare", &error), CW_E_USAGE);
	assert_non_null(strstr(cw_error_hint(&error), "dns-exec"));
	assert_int_equal(help("", &error), CW_E_USAGE);
	assert_string_equal(page, "");
}

/* skip() does not come back, so that nothing must be held where it is called. */
static bool
webroot_is_built(void)
{
	cw_autofree char *module = cw_format("%s/webroot.so", plugins_folder());

	return cw_file_exists(module);
}

static void
test_a_plugins_page_opens_only_that_plugin(void **state)
{
	(void)state;
	if (!webroot_is_built())
		skip();
	install_module(plugins_folder(), "webroot");
	scratch_write("plugins/other.so", "", 0644);
	assert_int_equal(help("webroot", NULL), CW_OK);
	says("-w, --webroot-path");
	says("Authenticator: -a webroot");
	for (size_t i = 0; i < cw_registry_count(registry); i++)
		assert_int_equal(cw_registry_at(registry, i)->error.status, CW_OK);
	assert_int_equal(help("all", NULL), CW_OK);
	assert_true(has_option(page, "webroot-map"));
}

static void
test_a_plugin_that_is_refused_says_why(void **state)
{
	cw_auto_error struct cw_error error = {0};

	(void)state;
	scratch_write("other.so", "", 0644);
	assert_int_equal(help("other", &error), CW_E_PLUGIN);
	assert_non_null(strstr(error.message, "other.so"));
}

static void
test_the_core_installer_has_a_page(void **state)
{
	(void)state;
	assert_int_equal(help("null", NULL), CW_OK);
	says("Installer: -i null");
}

/* NAME as the manual has it. */
static void
says_in_roff(const char *before, const char *name)
{
	cw_auto_buf struct cw_buf text = {0};

	cw_buf_add_text(&text, before);
	for (const char *at = name; *at != '\0'; at++)
		cw_buf_addf(&text, "%s%c", *at == '-' ? "\\" : "", *at);
	says(cw_buf_text(&text));
}

static void
test_the_manual_has_every_option_and_verb(void **state)
{
	size_t length;
	FILE *out = open_memstream(&page, &length);

	(void)state;
	add_plugin_options();
	cw_manual_write(out, options, registry);
	fclose(out);
	for (size_t i = 0; i < cw_option_set_count(options); i++) {
		const struct cw_option *option = cw_option_set_at(options, i);

		if ((option->flags & CW_OPT_HIDDEN) == 0)
			says_in_roff("\\-\\-", option->names[0]);
	}
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++)
		says_in_roff("", verb->name);
	says(".SH EXIT STATUS");
	says(".SH FILES");
	says(".SH ENVIRONMENT");
}

static void
test_no_line_of_the_manual_is_taken_for_a_macro(void **state)
{
	size_t length;
	FILE *out = open_memstream(&page, &length);
	static const char *const macros[] = {".TH ", ".SH ", ".SS ", ".PP", ".TP", ".B ",
					     ".BR ", ".nf",  ".fi",  ".RS", ".RE"};

	(void)state;
	add_plugin_options();
	cw_manual_write(out, options, registry);
	fclose(out);
	for (const char *line = page; *line != '\0'; line += strcspn(line, "\n") + 1) {
		bool known = *line != '.' && *line != '\'';

		for (size_t i = 0; i < CW_COUNT(macros); i++)
			known |= cw_starts_with(line, macros[i]);
		if (!known)
			fail_msg("%.*s", (int)strcspn(line, "\n"), line);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_all_has_every_option),
		TEST(test_all_has_each_option_once),
		TEST(test_the_overview_has_every_verb),
		TEST(test_every_verb_and_topic_has_a_page),
		TEST(test_a_verbs_page_has_its_options),
		TEST(test_lines_fit_into_eighty_columns),
		TEST(test_choices_defaults_and_effects_are_told),
		TEST(test_an_unknown_topic_names_the_nearest),
		TEST(test_a_plugins_page_opens_only_that_plugin),
		TEST(test_a_plugin_that_is_refused_says_why),
		TEST(test_the_core_installer_has_a_page),
		TEST(test_the_manual_has_every_option_and_verb),
		TEST(test_no_line_of_the_manual_is_taken_for_a_macro),
	};
	int status;

	if (was_plugin_process(argc, argv, &status))
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
