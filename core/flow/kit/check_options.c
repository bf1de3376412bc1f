/* What a plugin says of itself, and what it does about settings that are wrong. */
#include <string.h>
#include "base/text.h"
#include "flow/kit/check_internal.h"

enum { LONG_TEXT = 5000 };

static void
check_description(struct cw_check *check)
{
	static const char name[] = "description";
	const struct cw_plugin_description *about = check->trial.module->about;
	size_t length = strlen(about->description);

	if (length == 0 || strchr(about->description, '\n') != NULL)
		cw_check_wrong(check, name, "say in one line what the plugin is for",
			       "the description is not one line");
	else if (about->description[length - 1] == '.')
		cw_check_wrong(check, name, "leave the full stop out",
			       "the description \"%s\" ends with a full stop", about->description);
	else if (*about->version == '\0')
		cw_check_wrong(check, name, "set version", "the plugin has no version");
	else
		cw_check_ok(check, name);
}

/* What is wrong with an option itself; NULL: nothing. */
static const char *
fault_of(const struct cw_check *check, const struct cw_option *option)
{
	const char *end = option->help != NULL ? option->help + strlen(option->help) : NULL;

	if (option->help == NULL || *option->help == '\0')
		return "has no help";
	if (end[-1] != '.')
		return "has a help that does not end with a full stop";
	if (option->default_value != NULL &&
	    cw_settings_try(check->trial.settings, option->internal, CW_SOURCE_COMMAND,
			    option->default_value, NULL) != CW_OK)
		return "has a default that is not a value of its kind";
	if ((option->flags & CW_OPT_REQUIRED) != 0 && option->default_value != NULL)
		return "is required, but has a default";
	return NULL;
}

static void
check_option(struct cw_check *check, const struct cw_option *option)
{
	cw_autofree char *name = cw_format("option --%s", option->names[0]);
	const char *fault = fault_of(check, option);

	if (fault != NULL)
		cw_check_wrong(check, name, "write for the user who reads --help",
			       "the option \"--%s\" %s", option->names[0], fault);
	else
		cw_check_ok(check, name);
}

/* Opens an instance with SETTINGS. It may fail, but must not die. */
static bool
survives(struct cw_check *check, const char *name, const struct cw_settings *settings)
{
	cw_auto_error struct cw_error error = {0};
	int status = cw_trial_open(&check->trial, settings, false, &error);

	if (status == CW_OK)
		cw_trial_close(&check->trial, &error);
	if (cw_check_died(check, name, &error))
		return false;
	cw_trial_end(&check->trial);
	return true;
}

/* Values that no plugin expects. NULL ends the list; PATHS do not exist, or are what is not
 * expected. */
static const char *const *
bad_values(enum cw_option_kind kind)
{
	static const char *const texts[] = {"", "%s%n%s%n", "\x01\x7f", NULL};
	static const char *const numbers[] = {"-1", "0", "9223372036854775807", NULL};
	static const char *const paths[] = {"/nonexistent/certwright-check", "/dev/null", "/",
					    NULL};
	static const char *const flags[] = {"1", NULL};

	switch (kind) {
	case CW_OPTION_FLAG: return flags;
	case CW_OPTION_INTEGER: return numbers;
	case CW_OPTION_PATH:
	case CW_OPTION_PATH_LIST: return paths;
	default: return texts;
	}
}

/* False if it died of it, which is a finding then. */
static bool
try_value(struct cw_check *check, const char *name, const struct cw_option *option,
	  const char *value)
{
	cw_auto_settings struct cw_settings *settings = cw_settings_copy(check->trial.settings);
	int status;

	if (option->kind == CW_OPTION_MAP)
		status = cw_settings_set_map(settings, option->internal, CW_SOURCE_COMMAND,
					     CW_CHECK_NAME, value, NULL);
	else
		status =
			cw_settings_set(settings, option->internal, CW_SOURCE_COMMAND, value, NULL);
	/* What the core refuses does not reach the plugin. */
	return status < 0 || survives(check, name, settings);
}

static void
try_bad_values(struct cw_check *check, const struct cw_option *option)
{
	cw_autofree char *name = cw_format("bad values of --%s", option->names[0]);
	cw_autofree char *longest = cw_alloc(LONG_TEXT + 1);
	bool survived = true;

	memset(longest, 'a', LONG_TEXT);
	longest[LONG_TEXT] = '\0';
	for (const char *const *value = bad_values(option->kind); *value != NULL && survived;
	     value++)
		survived = try_value(check, name, option, *value);
	if (survived && option->kind != CW_OPTION_FLAG && option->kind != CW_OPTION_INTEGER)
		survived = try_value(check, name, option, longest);
	if (survived)
		cw_check_ok(check, name);
}

int
cw_check_options(struct cw_check *check, struct cw_error *error)
{
	const struct cw_trial *trial = &check->trial;
	cw_auto_settings struct cw_settings *none = cw_settings_copy(trial->settings);

	(void)error;
	check_description(check);
	for (struct cw_option **option = trial->module->options; option != NULL && *option != NULL;
	     option++) {
		check_option(check, *option);
		try_bad_values(check, *option);
		cw_settings_reset(none, (*option)->internal);
	}
	if (survives(check, "no options", none))
		cw_check_ok(check, "no options");
	return CW_OK;
}
