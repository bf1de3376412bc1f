#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "base/log.h"
#include "base/text.h"
#include "plugin_fixture.h"
#include "role_fixture.h"

#include <unistd.h>

static char *warnings;

static void
keep_warning(void *context, enum cw_log_level level, const char *line)
{
	(void)context;
	(void)level;
	free(warnings);
	warnings = cw_strdup(line);
}

static struct cw_registry *registry;

static int
begin(void **state)
{
	registry = cw_registry_new();
	cw_log_set_terminal(keep_warning, NULL, CW_LOG_WARNING);
	return scratch_make(state);
}

static int
end(void **state)
{
	cw_registry_free(registry);
	unsetenv("CERTWRIGHT_PLUGIN_PATH");
	free(cw_take(&warnings));
	cw_log_set_terminal(NULL, NULL, CW_LOG_WARNING);
	return scratch_remove(state);
}

/* Opens NAME, which must be refused with a sentence that holds all of TEXTS. */
static void
is_refused(const char *name, int status, const char *const *texts)
{
	cw_auto_error struct cw_error error = {0};
	struct cw_module *module;

	assert_int_equal(cw_registry_open(registry, name, &module, &error), status);
	assert_null(module);
	for (; *texts != NULL; texts++)
		if (strstr(error.message, *texts) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", error.message, *texts);
	assert_null(strchr(error.message, '\n'));
}

#define REFUSED(name, status, ...)                                                                 \
	is_refused(name, status, (const char *const[]){__VA_ARGS__, NULL})

static void
test_plugin_of_released_abi_is_opened_by_name(void **state)
{
	struct cw_module *module;

	(void)state;
	install_module(abi_folder(), "sample-1-0");
	assert_int_equal(cw_registry_open(registry, "sample-1-0", &module, NULL), CW_OK);
	assert_string_equal(module->name, "sample-1-0");
	assert_string_equal(module->about->version, "3.1");
	assert_true(module->about->authenticator);
	assert_true(cw_ends_with(module->path, "/plugins/sample-1-0.so"));
}

static void
test_plugin_is_opened_by_dist_and_name(void **state)
{
	struct cw_module *module;

	(void)state;
	install_module(abi_folder(), "sample-1-0");
	assert_int_equal(cw_registry_open(registry, "some-dist:sample-1-0", &module, NULL), CW_OK);
}

static void
test_whether_there_is_a_plugin_is_known_by_its_name(void **state)
{
	(void)state;
	install_module(abi_folder(), "sample-1-0");
	assert_true(cw_registry_has(registry, "sample-1-0"));
	assert_true(cw_registry_has(registry, "some-dist:sample-1-0"));
	assert_true(cw_registry_has(registry, "null"));
	assert_false(cw_registry_has(registry, "sample"));
	assert_false(cw_registry_has(registry, ""));
	for (size_t i = 0; i < cw_registry_count(registry); i++)
		assert_null(cw_registry_at(registry, i)->about);
}

static void
test_null_installer_is_part_of_the_core(void **state)
{
	struct cw_module *module;

	(void)state;
	setenv("CERTWRIGHT_PLUGIN_PATH", "/nonexistent", 1);
	assert_int_equal(cw_registry_open(registry, "null", &module, NULL), CW_OK);
	assert_string_equal(module->path, "(built in)");
	assert_true(module->about->installer);
	assert_false(module->about->authenticator);
}

static void
test_listing_opens_nothing(void **state)
{
	(void)state;
	install_module(abi_folder(), "sample-1-0");
	install_module(abi_folder(), "other-major");
	scratch_write("plugins/libsomething.so", "a library", 0644);
	scratch_write("plugins/notes.txt", "", 0644);
	assert_int_equal(cw_registry_count(registry), 3);
	assert_string_equal(cw_registry_at(registry, 0)->name, "null");
	assert_string_equal(cw_registry_at(registry, 1)->name, "other-major");
	assert_string_equal(cw_registry_at(registry, 2)->name, "sample-1-0");
	assert_null(cw_registry_at(registry, 3));
	for (size_t i = 0; i < 3; i++)
		assert_null(cw_registry_at(registry, i)->about);
}

static void
test_open_all_keeps_what_was_refused_and_why(void **state)
{
	(void)state;
	install_module(abi_folder(), "sample-1-0");
	install_module(abi_folder(), "other-major");
	cw_registry_open_all(registry);
	assert_null(cw_registry_at(registry, 1)->about);
	assert_int_equal(cw_registry_at(registry, 1)->error.status, CW_E_PLUGIN);
	assert_non_null(cw_registry_at(registry, 2)->about);
	assert_non_null(cw_registry_at(registry, 0)->about);
}

static void
test_other_major_version_is_refused_naming_both(void **state)
{
	(void)state;
	install_module(abi_folder(), "other-major");
	REFUSED("other-major", CW_E_PLUGIN, "other-major.so", "version 2.0", "has version 1.");
}

static void
test_newer_minor_version_is_opened(void **state)
{
	struct cw_module *module;

	(void)state;
	install_module(abi_folder(), "newer-minor");
	assert_int_equal(cw_registry_open(registry, "newer-minor", &module, NULL), CW_OK);
}

static void
test_module_without_entry_is_refused(void **state)
{
	(void)state;
	install_module(abi_folder(), "no-entry");
	REFUSED("no-entry", CW_E_PLUGIN, "no-entry.so", "cw_plugin_entry");
}

static void
test_module_that_calls_a_missing_function_is_refused(void **state)
{
	(void)state;
	install_module(abi_folder(), "no-function");
	REFUSED("no-function", CW_E_PLUGIN, "no-function.so", "cw_test_function_that_nothing_has");
}

static void
test_truncated_description_is_refused(void **state)
{
	(void)state;
	install_module(abi_folder(), "truncated");
	install_module(abi_folder(), "truncated-role");
	REFUSED("truncated", CW_E_PLUGIN, "truncated.so", "cut short");
	REFUSED("truncated-role", CW_E_PLUGIN, "truncated-role.so", "authenticator", "cut short");
}

static void
test_module_that_calls_itself_otherwise_is_refused(void **state)
{
	(void)state;
	install_module(abi_folder(), "misnamed");
	REFUSED("misnamed", CW_E_PLUGIN, "misnamed.so", "\"another\"");
}

static void
test_module_with_a_malformed_option_is_refused(void **state)
{
	(void)state;
	install_module(abi_folder(), "bad-option");
	REFUSED("bad-option", CW_E_PLUGIN, "bad-option.so", "name of an option");
}

static void
test_file_that_is_no_shared_object_is_refused(void **state)
{
	/* A shorter one is refused as too short. */
	char text[4097];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	install_module(abi_folder(), "sample-1-0");
	scratch_write("plugins/text.so", text, 0644);
	scratch_write("plugins/empty.so", "", 0644);
	scratch_write("plugins/Under_Score.so", "", 0644);
	REFUSED("text", CW_E_PLUGIN, "text.so", "invalid ELF header");
	REFUSED("empty", CW_E_PLUGIN, "empty.so", "file too short");
	REFUSED("Under_Score", CW_E_PLUGIN, "Under_Score.so", "name");
}

static void
test_module_that_others_can_write_is_refused(void **state)
{
	cw_autofree char *path = scratch_path("plugins/sample-1-0.so");

	(void)state;
	install_module(abi_folder(), "sample-1-0");
	assert_int_equal(chmod(path, 0666), 0);
	REFUSED("sample-1-0", CW_E_PERMISSION, "sample-1-0.so", "other users can write to it");
}

static void
test_module_of_another_user_is_refused(void **state)
{
	cw_autofree char *path = scratch_path("plugins/sample-1-0.so");

	(void)state;
	if (geteuid() != 0)
		skip();
	install_module(abi_folder(), "sample-1-0");
	assert_int_equal(chown(path, 12345, 12345), 0);
	REFUSED("sample-1-0", CW_E_PERMISSION, "sample-1-0.so", "belongs to another user");
}

static void
test_folder_that_others_can_write_is_refused_sticky_or_not(void **state)
{
	cw_autofree char *path = scratch_path("plugins");
	struct cw_module *module;

	(void)state;
	install_module(abi_folder(), "sample-1-0");
	assert_int_equal(chmod(path, 01777), 0);
	assert_int_equal(cw_registry_open(registry, "sample-1-0", &module, NULL), CW_E_PERMISSION);
	assert_non_null(warnings);
	assert_non_null(strstr(warnings, path));
	assert_non_null(strstr(warnings, "chmod go-w"));
}

static void
test_link_into_a_folder_that_others_can_write_is_refused(void **state)
{
	cw_autofree char *open_folder = scratch_path("open");
	cw_autofree char *from = scratch_path("plugins/sample-1-0.so");
	cw_autofree char *to = scratch_path("open/sample-1-0.so");

	(void)state;
	install_module(abi_folder(), "sample-1-0");
	assert_int_equal(mkdir(open_folder, 0755), 0);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(symlink(to, from), 0);
	assert_int_equal(chmod(open_folder, 0777), 0);
	REFUSED("sample-1-0", CW_E_PERMISSION, "/open", "other users can write to it");
}

static void
test_first_folder_of_the_path_wins(void **state)
{
	cw_autofree char *first = scratch_path("plugins"), *second = scratch_path("more");
	cw_autofree char *path = cw_format("%s:%s", second, first);
	struct cw_module *module;

	(void)state;
	install_module(abi_folder(), "sample-1-0");
	scratch_write("more/sample-1-0.so", "no plugin", 0644);
	setenv("CERTWRIGHT_PLUGIN_PATH", path, 1);
	assert_int_equal(cw_registry_open(registry, "sample-1-0", &module, NULL), CW_E_PLUGIN);
	assert_int_equal(cw_registry_count(registry), 2);
}

static void
test_modules_of_a_build_are_found_below_its_folder(void **state)
{
	cw_autofree char *plugins = scratch_path("plugins"), *libs = scratch_path("build/.libs");
	cw_autofree char *build = scratch_path("build");
	struct cw_module *module;

	(void)state;
	install_module(abi_folder(), "sample-1-0");
	assert_int_equal(cw_folder_make(build, 0755, NULL), CW_OK);
	assert_int_equal(rename(plugins, libs), 0);
	setenv("CERTWRIGHT_PLUGIN_PATH", build, 1);
	assert_int_equal(cw_registry_open(registry, "sample-1-0", &module, NULL), CW_OK);
}

static void
test_unknown_plugin_names_the_nearest_and_the_installed(void **state)
{
	cw_auto_error struct cw_error error = {0};
	struct cw_module *module;

	(void)state;
	install_module(abi_folder(), "sample-1-0");
	assert_int_equal(cw_registry_open(registry, "sampel-1-0", &module, &error), CW_E_NOT_FOUND);
	assert_non_null(strstr(error.hint, "did you mean \"sample-1-0\""));
	assert_non_null(strstr(error.hint, "null, sample-1-0"));
}

static void
test_unknown_plugin_with_a_package_of_its_own_names_that(void **state)
{
	cw_auto_error struct cw_error error = {0};
	struct cw_module *module;

	(void)state;
	install_module(abi_folder(), "sample-1-0");
	assert_int_equal(cw_registry_open(registry, "nginx", &module, &error), CW_E_NOT_FOUND);
	assert_string_equal(error.hint, "install the package certwright-nginx");
}

static void
test_options_of_a_plugin_carry_its_name(void **state)
{
	struct cw_option_set *options = cw_option_set_new();
	const struct cw_option *option;
	struct cw_module *module;

	(void)state;
	install_module(abi_folder(), "sample-1-0");
	assert_int_equal(cw_registry_open(registry, "sample-1-0", &module, NULL), CW_OK);
	assert_int_equal(cw_module_add_options(module, options, NULL), CW_OK);
	assert_int_equal(cw_module_add_options(module, options, NULL), CW_OK);
	assert_int_equal(cw_option_set_count(options), 5);
	option = cw_option_by_name(options, "sample-1-0-place");
	assert_non_null(option);
	assert_string_equal(option->internal, "sample_1_0_place");
	assert_string_equal(option->fills_map, "sample_1_0_places");
	assert_true(option->flags & CW_OPT_PLUGIN);
	assert_true(option->flags & CW_OPT_COMMAS);
	cw_option_set_free(options);
}

static void
test_option_that_the_core_has_cannot_be_declared(void **state)
{
	static const char *const names[] = {"sample-1-0-target", NULL};
	static const struct cw_option taken = {
		.names = names, .kind = CW_OPTION_FLAG, .internal = "taken", .help = ""};
	struct cw_option_set *options = cw_option_set_new();
	struct cw_module *module;

	(void)state;
	install_module(abi_folder(), "sample-1-0");
	assert_int_equal(cw_option_set_add(options, &taken, NULL), CW_OK);
	assert_int_equal(cw_registry_open(registry, "sample-1-0", &module, NULL), CW_OK);
	assert_int_equal(cw_module_add_options(module, options, NULL), CW_E_EXISTS);
	cw_option_set_free(options);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_plugin_of_released_abi_is_opened_by_name),
		TEST(test_plugin_is_opened_by_dist_and_name),
		TEST(test_whether_there_is_a_plugin_is_known_by_its_name),
		TEST(test_null_installer_is_part_of_the_core),
		TEST(test_listing_opens_nothing),
		TEST(test_open_all_keeps_what_was_refused_and_why),
		TEST(test_other_major_version_is_refused_naming_both),
		TEST(test_newer_minor_version_is_opened),
		TEST(test_module_without_entry_is_refused),
		TEST(test_module_that_calls_a_missing_function_is_refused),
		TEST(test_truncated_description_is_refused),
		TEST(test_module_that_calls_itself_otherwise_is_refused),
		TEST(test_module_with_a_malformed_option_is_refused),
		TEST(test_file_that_is_no_shared_object_is_refused),
		TEST(test_module_that_others_can_write_is_refused),
		TEST(test_module_of_another_user_is_refused),
		TEST(test_folder_that_others_can_write_is_refused_sticky_or_not),
		TEST(test_link_into_a_folder_that_others_can_write_is_refused),
		TEST(test_first_folder_of_the_path_wins),
		TEST(test_modules_of_a_build_are_found_below_its_folder),
		TEST(test_unknown_plugin_names_the_nearest_and_the_installed),
		TEST(test_unknown_plugin_with_a_package_of_its_own_names_that),
		TEST(test_options_of_a_plugin_carry_its_name),
		TEST(test_option_that_the_core_has_cannot_be_declared),
	};
	int status;

	if (was_plugin_process(argc, argv, &status))
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
