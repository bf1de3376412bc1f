#include "cli/config_files.h"
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "base/permissions.h"
#include "base/text.h"
#include "cli/ini.h"

int
cw_config_set(struct cw_settings *settings, struct cw_given_options *given,
	      const struct cw_option *option, enum cw_source source, const char *value,
	      struct cw_error *error)
{
	int status;

	if ((option->flags & CW_OPT_SECRET) != 0)
		cw_log_secret(value);
	status = cw_settings_set(settings, option->internal, source, value, error);
	if (status == CW_OK)
		cw_given_options_add(given, option, source, value);
	return status;
}

/* An entry with the option that its key means; NULL: one that is passed over. */
struct resolved {
	const struct cw_ini_entry *entry;
	const struct cw_option *option;
};

static bool
is_list(const struct cw_option *option)
{
	return option->kind == CW_OPTION_LIST || option->kind == CW_OPTION_PATH_LIST;
}

static int
bad_entry(const struct cw_ini_entry *entry, struct cw_error *error)
{
	cw_context(error, "\"%s\", line %u", entry->file, entry->line);
	if (error != NULL)
		error->status = CW_E_INVALID;
	return CW_E_INVALID;
}

/* A key of a plugin that is not here means nothing now, and will when the plugin comes. */
static bool
is_of_missing_plugin(const char *key)
{
	return cw_known_plugin_of(key) != NULL || cw_starts_with(key, "dns-");
}

static int
resolve(struct cw_lookup *lookup, const struct cw_ini_entry *entry, struct resolved *resolved,
	struct cw_error *error)
{
	const char *key = cw_starts_with(entry->key, "--") ? entry->key + 2 : entry->key;
	const struct cw_option *option;

	resolved->entry = entry;
	if (cw_lookup_name(lookup, key, "", &option, error) != CW_OK) {
		if (!is_of_missing_plugin(key))
			return bad_entry(entry, error);
		cw_error_clear(error);
		cw_log_warning("\"%s\", line %u: \"%s\" has no effect: its plugin is not installed",
			       entry->file, entry->line, key);
		return CW_OK;
	}
	if (strcmp(option->internal, "help") == 0 || strcmp(option->internal, "version") == 0 ||
	    strcmp(option->internal, "config_file") == 0) {
		cw_log_warning("\"%s\", line %u: \"%s\" has no effect in a configuration file",
			       entry->file, entry->line, key);
		return CW_OK;
	}
	if (entry->list && !is_list(option)) {
		cw_fail(error, CW_E_INVALID, "\"%s\" takes one value, not a list", key);
		return bad_entry(entry, error);
	}
	resolved->option = option;
	return CW_OK;
}

/* "1" and "0" for what configuration files can say; NULL: neither. */
static const char *
flag_word(const char *value)
{
	static const char *const words[][2] = {{"true", "1"},  {"yes", "1"}, {"1", "1"},
					       {"false", "0"}, {"no", "0"},  {"0", "0"}};

	for (size_t i = 0; i < CW_COUNT(words); i++)
		if (cw_equal_nocase(words[i][0], value))
			return words[i][1];
	return NULL;
}

/* A flag that is false is one that was not given, as in Certbot: it does not undo what a renewal
 * file says. */
static int
set_flag(const struct resolved *resolved, struct cw_settings *settings,
	 struct cw_given_options *given, struct cw_error *error)
{
	const struct cw_option *option = resolved->option;
	const char *value = resolved->entry->values.items[0];
	const char *word = flag_word(value);

	if (word == NULL && (option->flags & CW_OPT_COUNT) != 0)
		return cw_config_set(settings, given, option, CW_SOURCE_INI, value, error);
	if (word == NULL) {
		cw_fail(error, CW_E_INVALID, "the value \"%s\" of \"%s\" is neither true nor false",
			value, resolved->entry->key);
		cw_hint(error, "write true or false, yes or no, 1 or 0");
		return CW_E_INVALID;
	}
	if (strcmp(word, "0") == 0)
		return CW_OK;
	if ((option->flags & CW_OPT_NEGATIVE) != 0)
		word = "0";
	return cw_config_set(settings, given, option, CW_SOURCE_INI, word, error);
}

static int
set_values(const struct resolved *resolved, struct cw_settings *settings,
	   struct cw_given_options *given, struct cw_error *error)
{
	const struct cw_option *option = resolved->option;
	const struct cw_strv *values = &resolved->entry->values;
	bool path = option->kind == CW_OPTION_PATH || option->kind == CW_OPTION_PATH_LIST;
	int status = CW_OK;

	for (size_t i = 0; i < values->count && status == CW_OK; i++) {
		cw_autofree char *absolute = path && *values->items[i] != '\0'
						     ? cw_path_absolute(values->items[i])
						     : NULL;

		status = cw_config_set(settings, given, option, CW_SOURCE_INI,
				       absolute != NULL ? absolute : values->items[i], error);
	}
	return status;
}

/* Whether a later entry sets the same. */
static bool
is_overridden(const struct resolved *all, size_t count, size_t index)
{
	for (size_t i = index + 1; i < count; i++)
		if (all[i].option != NULL &&
		    strcmp(all[i].option->internal, all[index].option->internal) == 0)
			return true;
	return false;
}

static int
apply(const struct resolved *all, size_t count, struct cw_settings *settings,
      struct cw_given_options *given, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < count && status == CW_OK; i++) {
		if (all[i].option == NULL || is_overridden(all, count, i))
			continue;
		if (all[i].option->kind == CW_OPTION_FLAG)
			status = set_flag(&all[i], settings, given, error);
		else
			status = set_values(&all[i], settings, given, error);
		if (status != CW_OK)
			bad_entry(all[i].entry, error);
	}
	return status;
}

int
cw_config_check(const struct cw_settings *settings, struct cw_error *error)
{
	const char *file = cw_settings_get(settings, "config_file");
	cw_auto_strv struct cw_strv paths = {0};
	int status = CW_OK;

	if (cw_equal(file, "/dev/null")) /* all may write to it, and nobody reads that */
		return CW_OK;
	if (file != NULL)
		cw_strv_add(&paths, file);
	else
		cw_ini_default_paths(&paths);
	for (size_t i = 0; i < paths.count && status == CW_OK; i++)
		status = cw_permissions_check("the configuration file", paths.items[i], error);
	return status;
}

int
cw_config_read(const struct cw_strv *paths, bool missing_ok, struct cw_lookup *lookup,
	       struct cw_settings *settings, struct cw_given_options *given, struct cw_error *error)
{
	cw_auto_ini struct cw_ini ini = {0};
	cw_autofree struct resolved *all = NULL;
	int status = CW_OK;

	for (size_t i = 0; i < paths->count && status == CW_OK; i++)
		status = cw_ini_read(&ini, paths->items[i], missing_ok, error);
	if (status != CW_OK) {
		cw_hint(error, "use -c FILE to read another one, or -c /dev/null to read none");
		return status;
	}
	all = cw_calloc(ini.count + 1, sizeof(*all));
	for (size_t i = 0; i < ini.count && status == CW_OK; i++)
		status = resolve(lookup, &ini.entries[i], &all[i], error);
	if (status != CW_OK)
		return status;
	return apply(all, ini.count, settings, given, error);
}
