#include "base/mem.h"
#include "base/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES(...)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

static const struct cw_option options[] = {
	{.names = NAMES("key-type"),
	 .kind = CW_OPTION_STRING,
	 .internal = "key_type",
	 .default_value = "ecdsa",
	 .choices = NAMES("rsa", "ecdsa")},
	{.names = NAMES("rsa-key-size"),
	 .kind = CW_OPTION_INTEGER,
	 .internal = "rsa_key_size",
	 .default_value = "2048"},
	{.short_name = 'v',
	 .names = NAMES("verbose"),
	 .kind = CW_OPTION_FLAG,
	 .flags = CW_OPT_COUNT,
	 .internal = "verbose_count",
	 .default_value = "0"},
	{.short_name = 'n',
	 .names = NAMES("non-interactive", "noninteractive"),
	 .kind = CW_OPTION_FLAG,
	 .internal = "noninteractive_mode",
	 .default_value = "False"},
	{.names = NAMES("no-redirect"),
	 .kind = CW_OPTION_FLAG,
	 .flags = CW_OPT_NEGATIVE,
	 .internal = "redirect"},
	{.names = NAMES("redirect"), .kind = CW_OPTION_FLAG, .internal = "redirect"},
	{.names = NAMES("no-autorenew"),
	 .kind = CW_OPTION_FLAG,
	 .flags = CW_OPT_NEGATIVE,
	 .internal = "autorenew",
	 .default_value = "True"},
	{.short_name = 'd',
	 .names = NAMES("domains", "domain"),
	 .kind = CW_OPTION_LIST,
	 .flags = CW_OPT_COMMAS,
	 .internal = "domains"},
	{.names = NAMES("preferred-challenges"),
	 .kind = CW_OPTION_LIST,
	 .flags = CW_OPT_COMMAS,
	 .internal = "pref_challs",
	 .default_value = "http-01, dns-01",
	 .choices = NAMES("http-01", "dns-01", "tls-alpn-01")},
	{.names = NAMES("header"), .kind = CW_OPTION_LIST, .internal = "header"},
	{.short_name = 'w',
	 .names = NAMES("webroot-path"),
	 .kind = CW_OPTION_PATH_LIST,
	 .internal = "webroot_path"},
	{.names = NAMES("webroot-map"),
	 .kind = CW_OPTION_MAP,
	 .internal = "webroot_map",
	 .default_value = "{}"},
	{.names = NAMES("config-dir"),
	 .kind = CW_OPTION_PATH,
	 .internal = "config_dir",
	 .default_value = "/etc/letsencrypt"},
	{.names = NAMES("eab-hmac-key"),
	 .kind = CW_OPTION_STRING,
	 .flags = CW_OPT_SECRET,
	 .internal = "eab_hmac_key",
	 .choices = NAMES("only-this")},
	{.names = NULL, .kind = CW_OPTION_STRING, .internal = "server_from_file"},
};

static const struct cw_option taken = {
	.names = NAMES("fresh", "domain"), .kind = CW_OPTION_FLAG, .internal = "fresh"};

static const struct cw_option taken_short = {
	.short_name = 'w', .names = NAMES("fresh"), .kind = CW_OPTION_FLAG, .internal = "fresh"};

static const struct cw_option late = {.names = NAMES("late"),
				      .kind = CW_OPTION_STRING,
				      .internal = "late",
				      .default_value = "before"};

static const struct cw_option positive = {
	.names = NAMES("autorenew"), .kind = CW_OPTION_FLAG, .internal = "autorenew"};

struct scene {
	struct cw_option_set *set;
	struct cw_settings *settings;
	struct cw_error error;
};

static int
set_up(void **state)
{
	struct scene *scene = cw_alloc(sizeof(*scene));

	scene->set = cw_option_set_new();
	for (size_t i = 0; i < CW_COUNT(options); i++)
		assert_int_equal(cw_option_set_add(scene->set, &options[i], NULL), CW_OK);
	scene->settings = cw_settings_new(scene->set);
	*state = scene;
	return 0;
}

static int
tear_down(void **state)
{
	struct scene *scene = *state;

	cw_error_clear(&scene->error);
	cw_settings_free(scene->settings);
	cw_option_set_free(scene->set);
	free(scene);
	return 0;
}

static int
set(struct scene *scene, const char *internal, enum cw_source source, const char *value)
{
	cw_error_clear(&scene->error);
	return cw_settings_set(scene->settings, internal, source, value, &scene->error);
}

static void
assert_list(const struct cw_strv *list, const char *expected)
{
	cw_autofree char *joined = cw_strv_join(list, "|");

	assert_string_equal(joined, expected);
}

static void
test_options_are_found_by_any_of_their_names(void **state)
{
	const struct scene *scene = *state;

	assert_int_equal(cw_option_set_count(scene->set), CW_COUNT(options));
	assert_ptr_equal(cw_option_set_at(scene->set, 1), &options[1]);
	assert_null(cw_option_set_at(scene->set, CW_COUNT(options)));
	assert_ptr_equal(cw_option_by_name(scene->set, "noninteractive"), &options[3]);
	assert_ptr_equal(cw_option_by_name(scene->set, "no-redirect"), &options[4]);
	assert_null(cw_option_by_name(scene->set, "noninteractiv"));
	assert_ptr_equal(cw_option_by_short(scene->set, 'n'), &options[3]);
	assert_null(cw_option_by_short(scene->set, 'x'));
	assert_null(cw_option_by_short(scene->set, '\0'));
	assert_null(cw_option_by_short(scene->set, (char)0xe4));
	assert_null(cw_option_by_internal(scene->set, "key-type"));
}

static void
test_an_internal_name_stands_for_the_positive_option(void **state)
{
	const struct scene *scene = *state;

	assert_ptr_equal(cw_option_by_internal(scene->set, "redirect"), &options[5]);
	assert_ptr_equal(cw_option_by_internal(scene->set, "autorenew"), &options[6]);
}

static void
test_a_prefix_finds_each_option_once(void **state)
{
	const struct scene *scene = *state;
	const struct cw_option *found[2] = {NULL, NULL};

	assert_int_equal(cw_option_by_prefix(scene->set, "domain", found, 2), 1);
	assert_ptr_equal(found[0], &options[7]);
	assert_int_equal(cw_option_by_prefix(scene->set, "no", found, 2), 3);
	assert_ptr_equal(found[0], &options[3]);
	assert_ptr_equal(found[1], &options[4]);
	assert_int_equal(cw_option_by_prefix(scene->set, "zzz", found, 2), 0);
	assert_int_equal(cw_option_by_prefix(scene->set, "", NULL, 0), CW_COUNT(options) - 1);
}

static void
test_a_taken_name_is_refused_and_nothing_added(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(cw_option_set_add(scene->set, &taken, &scene->error), CW_E_EXISTS);
	assert_non_null(strstr(scene->error.message, "\"--domain\""));
	assert_int_equal(cw_option_set_add(scene->set, &taken_short, &scene->error), CW_E_EXISTS);
	assert_non_null(strstr(scene->error.message, "\"-w\""));
	assert_null(cw_option_by_name(scene->set, "fresh"));
	assert_null(cw_option_by_internal(scene->set, "fresh"));
	assert_int_equal(cw_option_set_count(scene->set), CW_COUNT(options));
}

static void
test_a_large_set_finds_every_option(void **state)
{
	enum { COUNT = 3000 };
	struct cw_option_set *set = cw_option_set_new();
	struct cw_option *many = cw_calloc(COUNT, sizeof(*many));
	char(*texts)[16] = cw_calloc(COUNT, sizeof(*texts));
	const char **names = cw_calloc(COUNT, 2 * sizeof(*names));

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		snprintf(texts[i], sizeof(texts[i]), "option-%zu", i);
		names[2 * i] = texts[i];
		many[i] = (struct cw_option){.names = names + 2 * i, .internal = texts[i]};
		assert_int_equal(cw_option_set_add(set, &many[i], NULL), CW_OK);
	}
	for (size_t i = 0; i < COUNT; i++) {
		assert_ptr_equal(cw_option_by_name(set, texts[i]), &many[i]);
		assert_ptr_equal(cw_option_by_internal(set, texts[i]), &many[i]);
	}
	cw_option_set_free(set);
	free(many);
	free(texts);
	free(names);
}

static void
test_an_empty_set_knows_nothing(void **state)
{
	struct cw_option_set *set = cw_option_set_new();
	cw_auto_settings struct cw_settings *settings = cw_settings_new(set);
	cw_auto_settings struct cw_settings *copy = cw_settings_copy(settings);

	(void)state;
	assert_null(cw_option_by_name(set, "x"));
	assert_null(cw_settings_get(copy, "x"));
	cw_settings_reset(copy, "x");
	cw_option_set_free(set);
}

static void
test_unset_options_have_their_defaults(void **state)
{
	const struct scene *scene = *state;
	const struct cw_settings *settings = scene->settings;

	assert_string_equal(cw_settings_get(settings, "key_type"), "ecdsa");
	assert_int_equal(cw_settings_int(settings, "rsa_key_size", 1), 2048);
	assert_string_equal(cw_settings_get(settings, "autorenew"), "1");
	assert_true(cw_settings_flag(settings, "autorenew"));
	assert_string_equal(cw_settings_get(settings, "noninteractive_mode"), "0");
	assert_false(cw_settings_flag(settings, "noninteractive_mode"));
	assert_null(cw_settings_get(settings, "redirect"));
	assert_false(cw_settings_flag(settings, "redirect"));
	assert_list(cw_settings_list(settings, "domains"), "");
	assert_list(cw_settings_list(settings, "pref_challs"), "http-01|dns-01");
	assert_string_equal(cw_settings_get(settings, "pref_challs"), "http-01");
	assert_int_equal(cw_settings_map_keys(settings, "webroot_map")->count, 0);
	assert_int_equal(cw_settings_source(settings, "pref_challs"), CW_SOURCE_DEFAULT);
	assert_int_equal(cw_settings_source(settings, "domains"), CW_SOURCE_NONE);
	assert_false(cw_settings_given(settings, "pref_challs"));
	assert_ptr_equal(cw_settings_options(settings), scene->set);
}

static void
test_unknown_names_have_no_value_and_cannot_be_set(void **state)
{
	struct scene *scene = *state;

	assert_null(cw_settings_get(scene->settings, "nonsense"));
	assert_int_equal(cw_settings_int(scene->settings, "nonsense", 7), 7);
	assert_false(cw_settings_flag(scene->settings, "nonsense"));
	assert_int_equal(cw_settings_list(scene->settings, "nonsense")->count, 0);
	assert_int_equal(cw_settings_map_values(scene->settings, "nonsense")->count, 0);
	assert_null(cw_settings_map_get(scene->settings, "nonsense", "a"));
	assert_int_equal(cw_settings_source(scene->settings, "nonsense"), CW_SOURCE_NONE);
	assert_int_equal(set(scene, "nonsense", CW_SOURCE_INI, "1"), CW_E_NOT_FOUND);
	assert_int_equal(set(scene, "key_type", CW_SOURCE_INI, NULL), CW_E_INVALID);
}

static void
test_a_higher_source_wins_in_whatever_order(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(set(scene, "rsa_key_size", CW_SOURCE_INI, "3072"), CW_OK);
	assert_int_equal(set(scene, "rsa_key_size", CW_SOURCE_RENEWAL, "1024"), CW_OK);
	assert_int_equal(cw_settings_int(scene->settings, "rsa_key_size", 0), 3072);
	assert_int_equal(set(scene, "rsa_key_size", CW_SOURCE_COMMAND, "4096"), CW_OK);
	assert_int_equal(set(scene, "rsa_key_size", CW_SOURCE_INI, "3072"), CW_OK);
	assert_int_equal(cw_settings_int(scene->settings, "rsa_key_size", 0), 4096);
	assert_int_equal(cw_settings_source(scene->settings, "rsa_key_size"), CW_SOURCE_COMMAND);
	assert_true(cw_settings_given(scene->settings, "rsa_key_size"));
	assert_int_equal(set(scene, "rsa_key_size", CW_SOURCE_COMMAND, "2047"), CW_OK);
	assert_int_equal(cw_settings_int(scene->settings, "rsa_key_size", 0), 2047);
	/* A bad value is one also where it would not count. */
	assert_int_equal(set(scene, "rsa_key_size", CW_SOURCE_INI, "many"), CW_E_INVALID);
	cw_settings_reset(scene->settings, "rsa_key_size");
	assert_int_equal(cw_settings_int(scene->settings, "rsa_key_size", 0), 2048);
	assert_false(cw_settings_given(scene->settings, "rsa_key_size"));
}

static void
test_integers_are_whole_decimal_numbers_of_64_bits(void **state)
{
	struct scene *scene = *state;
	static const char *const bad[] = {"",
					  " 1",
					  "1 ",
					  "1.5",
					  "0x10",
					  "1e3",
					  "-",
					  "+-1",
					  "abc",
					  "1k",
					  "9223372036854775808",
					  "--1",
					  "1\n",
					  "-9223372036854775809"};

	for (size_t i = 0; i < CW_COUNT(bad); i++)
		assert_int_equal(set(scene, "rsa_key_size", CW_SOURCE_INI, bad[i]), CW_E_INVALID);
	assert_false(cw_settings_given(scene->settings, "rsa_key_size"));
	assert_int_equal(set(scene, "rsa_key_size", CW_SOURCE_INI, "-9223372036854775808"), CW_OK);
	assert_true(cw_settings_int(scene->settings, "rsa_key_size", 0) == INT64_MIN);
	assert_int_equal(set(scene, "rsa_key_size", CW_SOURCE_INI, "+0042"), CW_OK);
	assert_string_equal(cw_settings_get(scene->settings, "rsa_key_size"), "42");
}

static void
test_choices_are_taken_in_any_letter_case(void **state)
{
	struct scene *scene = *state;
	const struct cw_strv *list;

	assert_int_equal(set(scene, "key_type", CW_SOURCE_RENEWAL, "RSA"), CW_OK);
	assert_string_equal(cw_settings_get(scene->settings, "key_type"), "rsa");
	assert_int_equal(set(scene, "key_type", CW_SOURCE_COMMAND, "EcDsA"), CW_OK);
	assert_string_equal(cw_settings_get(scene->settings, "key_type"), "ecdsa");
	assert_int_equal(set(scene, "pref_challs", CW_SOURCE_INI, "DNS-01,Http-01"), CW_OK);
	list = cw_settings_list(scene->settings, "pref_challs");
	assert_int_equal(list->count, 2);
	assert_string_equal(list->items[0], "dns-01");
	assert_string_equal(list->items[1], "http-01");
}

static void
test_mistakes_are_named_as_the_user_wrote_them(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(set(scene, "key_type", CW_SOURCE_COMMAND, "ecsda"), CW_E_USAGE);
	assert_non_null(strstr(scene->error.message, "\"--key-type\""));
	assert_non_null(strstr(scene->error.message, "\"ecsda\""));
	assert_non_null(strstr(scene->error.hint, "did you mean \"ecdsa\""));
	assert_int_equal(set(scene, "key_type", CW_SOURCE_INI, "zzzzzzzzzz"), CW_E_INVALID);
	assert_non_null(strstr(scene->error.message, "\"key-type\""));
	assert_non_null(strstr(scene->error.hint, "rsa, ecdsa"));
	assert_int_equal(set(scene, "key_type", CW_SOURCE_RENEWAL, ""), CW_E_INVALID);
	assert_non_null(strstr(scene->error.message, "\"key_type\""));
	assert_string_equal(cw_settings_get(scene->settings, "key_type"), "ecdsa");
	assert_int_equal(set(scene, "server_from_file", CW_SOURCE_COMMAND, "x"), CW_OK);
}

static void
test_a_secret_is_not_repeated_in_a_message(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(set(scene, "eab_hmac_key", CW_SOURCE_COMMAND, "hush-hush"), CW_E_USAGE);
	assert_null(strstr(scene->error.message, "hush"));
	assert_int_equal(set(scene, "eab_hmac_key", CW_SOURCE_COMMAND, "only-this"), CW_OK);
	assert_string_equal(cw_settings_get(scene->settings, "eab_hmac_key"), "only-this");
}

static void
test_flags_take_the_usual_words(void **state)
{
	struct scene *scene = *state;
	static const char *const yes[] = {"1", "True", "true", "yes"};
	static const char *const no[] = {"0", "False", "false", "no"};

	for (size_t i = 0; i < CW_COUNT(yes); i++) {
		assert_int_equal(set(scene, "redirect", CW_SOURCE_INI, no[i]), CW_OK);
		assert_string_equal(cw_settings_get(scene->settings, "redirect"), "0");
		assert_int_equal(set(scene, "redirect", CW_SOURCE_INI, yes[i]), CW_OK);
		assert_string_equal(cw_settings_get(scene->settings, "redirect"), "1");
		assert_true(cw_settings_flag(scene->settings, "redirect"));
	}
	assert_int_equal(set(scene, "redirect", CW_SOURCE_INI, "maybe"), CW_E_INVALID);
	assert_int_equal(set(scene, "redirect", CW_SOURCE_INI, "2"), CW_E_INVALID);
	assert_int_equal(set(scene, "redirect", CW_SOURCE_INI, ""), CW_E_INVALID);
}

static void
test_counted_flags_add_up_within_a_source(void **state)
{
	struct scene *scene = *state;

	assert_false(cw_settings_flag(scene->settings, "verbose_count"));
	assert_int_equal(set(scene, "verbose_count", CW_SOURCE_INI, "5"), CW_OK);
	assert_int_equal(cw_settings_int(scene->settings, "verbose_count", 0), 5);
	assert_int_equal(set(scene, "verbose_count", CW_SOURCE_COMMAND, "1"), CW_OK);
	assert_int_equal(set(scene, "verbose_count", CW_SOURCE_COMMAND, "1"), CW_OK);
	assert_int_equal(cw_settings_int(scene->settings, "verbose_count", 0), 2);
	assert_true(cw_settings_flag(scene->settings, "verbose_count"));
	assert_int_equal(set(scene, "verbose_count", CW_SOURCE_COMMAND, "-1"), CW_E_USAGE);
}

static void
test_lists_grow_within_a_source_and_are_replaced_by_the_next(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(set(scene, "domains", CW_SOURCE_INI, "old.example"), CW_OK);
	assert_int_equal(set(scene, "domains", CW_SOURCE_COMMAND, "a.example, b.example,"), CW_OK);
	assert_int_equal(set(scene, "domains", CW_SOURCE_COMMAND, "c.example"), CW_OK);
	assert_int_equal(set(scene, "domains", CW_SOURCE_INI, "late.example"), CW_OK);
	assert_list(cw_settings_list(scene->settings, "domains"), "a.example|b.example|c.example");
	assert_string_equal(cw_settings_get(scene->settings, "domains"), "a.example");
	assert_int_equal(set(scene, "header", CW_SOURCE_INI, "one, and the same"), CW_OK);
	assert_list(cw_settings_list(scene->settings, "header"), "one, and the same");
}

static void
test_a_list_that_was_read_by_default_is_still_replaced(void **state)
{
	struct scene *scene = *state;

	assert_list(cw_settings_list(scene->settings, "pref_challs"), "http-01|dns-01");
	assert_int_equal(set(scene, "pref_challs", CW_SOURCE_DEFAULT, "tls-alpn-01"), CW_OK);
	assert_list(cw_settings_list(scene->settings, "pref_challs"), "tls-alpn-01");
	assert_false(cw_settings_given(scene->settings, "pref_challs"));
	assert_int_equal(set(scene, "pref_challs", CW_SOURCE_INI, "dns-01"), CW_OK);
	assert_list(cw_settings_list(scene->settings, "pref_challs"), "dns-01");
	assert_int_equal(set(scene, "pref_challs", CW_SOURCE_COMMAND, "http-01,dns-1"), CW_E_USAGE);
	assert_non_null(strstr(scene->error.hint, "did you mean \"dns-01\""));
	assert_list(cw_settings_list(scene->settings, "pref_challs"), "dns-01");
	assert_int_equal(set(scene, "pref_challs", CW_SOURCE_COMMAND, ""), CW_OK);
	assert_list(cw_settings_list(scene->settings, "pref_challs"), "");
	assert_true(cw_settings_given(scene->settings, "pref_challs"));
}

static void
test_paths_of_the_command_line_become_absolute(void **state)
{
	struct scene *scene = *state;
	char here[4096];
	cw_autofree char *expected = NULL;

	assert_non_null(getcwd(here, sizeof(here)));
	expected = cw_format("%s/some/dir", here);
	assert_int_equal(set(scene, "config_dir", CW_SOURCE_INI, "some/dir"), CW_OK);
	assert_string_equal(cw_settings_get(scene->settings, "config_dir"), "some/dir");
	assert_int_equal(set(scene, "config_dir", CW_SOURCE_COMMAND, "some/dir"), CW_OK);
	assert_string_equal(cw_settings_get(scene->settings, "config_dir"), expected);
	assert_int_equal(set(scene, "webroot_path", CW_SOURCE_COMMAND, "some/dir"), CW_OK);
	assert_int_equal(set(scene, "webroot_path", CW_SOURCE_COMMAND, "/a,b"), CW_OK);
	assert_string_equal(cw_settings_get(scene->settings, "webroot_path"), expected);
	assert_string_equal(cw_settings_list(scene->settings, "webroot_path")->items[1], "/a,b");
}

static void
test_maps_are_json_objects_whose_keys_may_be_joined(void **state)
{
	struct scene *scene = *state;
	const struct cw_settings *settings = scene->settings;

	assert_int_equal(set(scene, "webroot_map", CW_SOURCE_COMMAND,
			     "{\"a.example,b.example\": \"/one\", \"c.example\": \"/two\"}"),
			 CW_OK);
	assert_list(cw_settings_map_keys(settings, "webroot_map"), "a.example|b.example|c.example");
	assert_list(cw_settings_map_values(settings, "webroot_map"), "/one|/one|/two");
	assert_string_equal(cw_settings_map_get(settings, "webroot_map", "b.example"), "/one");
	assert_null(cw_settings_map_get(settings, "webroot_map", "d.example"));
	assert_null(cw_settings_get(settings, "webroot_map"));
	assert_int_equal(cw_settings_list(settings, "webroot_map")->count, 0);
	assert_int_equal(cw_settings_map_keys(settings, "domains")->count, 0);
}

static void
test_map_members_are_added_within_a_source(void **state)
{
	struct scene *scene = *state;
	struct cw_settings *settings = scene->settings;

	assert_int_equal(cw_settings_set_map(settings, "webroot_map", CW_SOURCE_RENEWAL,
					     "old.example", "/old", NULL),
			 CW_OK);
	assert_int_equal(set(scene, "webroot_map", CW_SOURCE_COMMAND, "{\"a\": \"/one\"}"), CW_OK);
	assert_int_equal(
		cw_settings_set_map(settings, "webroot_map", CW_SOURCE_COMMAND, "b", "/two", NULL),
		CW_OK);
	assert_int_equal(cw_settings_set_map(settings, "webroot_map", CW_SOURCE_COMMAND, "a",
					     "/three", NULL),
			 CW_OK);
	assert_int_equal(
		cw_settings_set_map(settings, "webroot_map", CW_SOURCE_INI, "c", "/x", NULL),
		CW_OK);
	assert_list(cw_settings_map_keys(settings, "webroot_map"), "a|b");
	assert_list(cw_settings_map_values(settings, "webroot_map"), "/three|/two");
	assert_int_equal(cw_settings_set_map(settings, "domains", CW_SOURCE_INI, "a", "b", NULL),
			 CW_E_INVALID);
	assert_int_equal(cw_settings_set_map(settings, "nonsense", CW_SOURCE_INI, "a", "b", NULL),
			 CW_E_NOT_FOUND);
}

static void
test_what_is_no_object_of_texts_is_refused(void **state)
{
	struct scene *scene = *state;
	static const char *const bad[] = {"",
					  "{",
					  "[]",
					  "\"a\"",
					  "null",
					  "{\"a\": 1}",
					  "{} {}",
					  "{\"a\": {}}",
					  "{\"\": \"/x\"}",
					  "{\"a\": null}",
					  "{\"a\": \"/x\\u0000y\"}"};

	for (size_t i = 0; i < CW_COUNT(bad); i++) {
		assert_int_equal(set(scene, "webroot_map", CW_SOURCE_COMMAND, bad[i]), CW_E_USAGE);
		assert_int_equal(scene->error.status, CW_E_USAGE);
		assert_non_null(cw_error_hint(&scene->error));
		assert_int_equal(set(scene, "webroot_map", CW_SOURCE_INI, bad[i]), CW_E_INVALID);
	}
	assert_int_equal(cw_settings_map_keys(scene->settings, "webroot_map")->count, 0);
}

static void
test_a_copy_can_be_changed_apart(void **state)
{
	struct scene *scene = *state;
	cw_auto_settings struct cw_settings *copy = NULL;

	assert_int_equal(set(scene, "domains", CW_SOURCE_COMMAND, "a,b"), CW_OK);
	assert_int_equal(set(scene, "key_type", CW_SOURCE_INI, "rsa"), CW_OK);
	assert_int_equal(set(scene, "eab_hmac_key", CW_SOURCE_INI, "only-this"), CW_OK);
	assert_int_equal(set(scene, "webroot_map", CW_SOURCE_INI, "{\"a\": \"/one\"}"), CW_OK);
	assert_int_equal(cw_settings_list(scene->settings, "pref_challs")->count, 2);
	copy = cw_settings_copy(scene->settings);
	assert_int_equal(cw_settings_set(copy, "domains", CW_SOURCE_COMMAND, "c", NULL), CW_OK);
	assert_int_equal(cw_settings_set(copy, "key_type", CW_SOURCE_COMMAND, "ecdsa", NULL),
			 CW_OK);
	cw_settings_reset(copy, "webroot_map");
	assert_list(cw_settings_list(copy, "domains"), "a|b|c");
	assert_list(cw_settings_list(scene->settings, "domains"), "a|b");
	assert_string_equal(cw_settings_get(scene->settings, "key_type"), "rsa");
	assert_int_equal(cw_settings_source(scene->settings, "key_type"), CW_SOURCE_INI);
	assert_string_equal(cw_settings_map_get(scene->settings, "webroot_map", "a"), "/one");
	assert_null(cw_settings_map_get(copy, "webroot_map", "a"));
	assert_int_equal(cw_settings_list(copy, "pref_challs")->count, 2);
}

static void
test_options_added_later_can_be_set(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(set(scene, "autorenew", CW_SOURCE_COMMAND, "0"), CW_OK);
	assert_int_equal(cw_option_set_add(scene->set, &late, NULL), CW_OK);
	assert_int_equal(cw_option_set_add(scene->set, &positive, NULL), CW_OK);
	assert_string_equal(cw_settings_get(scene->settings, "late"), "before");
	assert_int_equal(set(scene, "late", CW_SOURCE_INI, "after"), CW_OK);
	assert_string_equal(cw_settings_get(scene->settings, "late"), "after");
	assert_string_equal(cw_settings_get(scene->settings, "autorenew"), "0");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_options_are_found_by_any_of_their_names),
		TEST(test_an_internal_name_stands_for_the_positive_option),
		TEST(test_a_prefix_finds_each_option_once),
		TEST(test_a_taken_name_is_refused_and_nothing_added),
		TEST(test_a_large_set_finds_every_option),
		TEST(test_an_empty_set_knows_nothing),
		TEST(test_unset_options_have_their_defaults),
		TEST(test_unknown_names_have_no_value_and_cannot_be_set),
		TEST(test_a_higher_source_wins_in_whatever_order),
		TEST(test_integers_are_whole_decimal_numbers_of_64_bits),
		TEST(test_choices_are_taken_in_any_letter_case),
		TEST(test_mistakes_are_named_as_the_user_wrote_them),
		TEST(test_a_secret_is_not_repeated_in_a_message),
		TEST(test_flags_take_the_usual_words),
		TEST(test_counted_flags_add_up_within_a_source),
		TEST(test_lists_grow_within_a_source_and_are_replaced_by_the_next),
		TEST(test_a_list_that_was_read_by_default_is_still_replaced),
		TEST(test_paths_of_the_command_line_become_absolute),
		TEST(test_maps_are_json_objects_whose_keys_may_be_joined),
		TEST(test_map_members_are_added_within_a_source),
		TEST(test_what_is_no_object_of_texts_is_refused),
		TEST(test_a_copy_can_be_changed_apart),
		TEST(test_options_added_later_can_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
