#include "cli/select.h"
#include <string.h>
#include "base/plugin_name.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/options_tables.h"
#include "plugin/certbot_plugins.h"

/* The roles of plugins whose modules need not be asked. All others of Certbot's are authenticators.
 */
static const struct {
	const char *plugin, *setting;
} roles[] = {
	{"apache", "configurator"},
	{"nginx", "configurator"},
	{"null", "installer"},
};

static bool
is_known(const char *plugin)
{
	for (const struct cw_known_plugin *known = cw_known_plugins; known->name != NULL; known++)
		if (strcmp(known->name, plugin) == 0)
			return true;
	return false;
}

/* The setting that selects PLUGIN in its roles. */
static int
setting_for(const char *plugin, struct cw_registry *registry, const char **setting,
	    struct cw_error *error)
{
	struct cw_module *module;
	int status;

	*setting = "authenticator";
	for (size_t i = 0; i < CW_COUNT(roles); i++) {
		if (strcmp(roles[i].plugin, plugin) == 0) {
			*setting = roles[i].setting;
			return CW_OK;
		}
	}
	if (is_known(plugin))
		return CW_OK;
	status = cw_registry_open(registry, plugin, &module, error);
	if (status == CW_OK && module->about->installer)
		*setting = module->about->authenticator ? "configurator" : "installer";
	return status;
}

static int
fail_two(const char *first, const char *second, const char *setting, struct cw_error *error)
{
	cw_fail(error, CW_E_USAGE, "two plugins are given: \"%s\" and \"%s\"", first, second);
	if (strcmp(setting, "authenticator") == 0)
		cw_hint(error, "give only one of them; give a separate installer with -i");
	else
		cw_hint(error, "give only one of them, or give the authenticator with -a and the "
			       "installer with -i");
	return CW_E_USAGE;
}

/* Puts PLUGIN, the name of a flag of SOURCE, into SETTING. */
static int
put(struct cw_settings *settings, const char *setting, const char *plugin, enum cw_source source,
    struct cw_error *error)
{
	static const char *const all[] = {"authenticator", "installer", "configurator"};
	bool both = strcmp(setting, "configurator") == 0;

	for (size_t i = 0; i < CW_COUNT(all); i++) {
		const char *present = cw_plugin_name(cw_settings_get(settings, all[i]));
		bool concerns =
			both || strcmp(all[i], setting) == 0 || strcmp(all[i], "configurator") == 0;

		if (!concerns || present == NULL || strcmp(present, plugin) == 0)
			continue;
		if (cw_settings_source(settings, all[i]) == source)
			return fail_two(present, plugin, setting, error);
		/* A configuration file's choice gives way to the command line's. */
		if (cw_settings_source(settings, all[i]) < source)
			cw_settings_reset(settings, all[i]);
		else
			return CW_OK;
	}
	if (cw_equal(cw_plugin_name(cw_settings_get(settings, setting)), plugin))
		return CW_OK;
	return cw_settings_set(settings, setting, source, plugin, error);
}

/* The name of the plugin that the flag OPTION selects; NULL: none. */
static const char *
selects(const struct cw_option *option, struct cw_registry *registry)
{
	const char *name = option->names[0];
	cw_autofree char *internal = cw_replace_char(cw_strdup(name), '-', '_');

	if (option->kind != CW_OPTION_FLAG || strcmp(option->internal, internal) != 0)
		return NULL;
	return is_known(name) || cw_registry_has_file(registry, name) ? name : NULL;
}

const char *
cw_selected_authenticator(const struct cw_option *option, struct cw_registry *registry)
{
	const char *plugin = selects(option, registry);
	const char *setting;

	if (plugin == NULL || setting_for(plugin, registry, &setting, NULL) < 0 ||
	    strcmp(setting, "installer") == 0)
		return NULL;
	return plugin;
}

/* The selecting by the flags of one source. */
struct selection {
	struct cw_settings *settings;
	struct cw_registry *registry;
	enum cw_verb_plugins use;
	enum cw_source source;
	bool installer_named; /* by -i of the same source */
};

/* Whether PLUGIN is for some names and others are for the others: the flags of both stand. */
static bool
has_names_of_its_own(const struct selection *selection, const char *plugin)
{
	const struct cw_strv *plugins =
		cw_settings_map_values(selection->settings, "authenticator_map");

	if (cw_settings_source(selection->settings, "authenticator_map") != selection->source)
		return false;
	for (size_t i = 0; i < plugins->count; i++)
		if (strcmp(cw_plugin_name(plugins->items[i]), plugin) == 0)
			return true;
	return false;
}

static int
select_flag(const struct selection *selection, const char *plugin, struct cw_error *error)
{
	struct cw_settings *settings = selection->settings;
	enum cw_source source = selection->source;
	const struct cw_option *option = cw_option_by_name(cw_settings_options(settings), plugin);
	const char *setting = "authenticator";
	int status = CW_OK;

	if (option == NULL || selects(option, selection->registry) == NULL ||
	    cw_settings_source(settings, option->internal) != source ||
	    !cw_settings_flag(settings, option->internal))
		return CW_OK;
	if (selection->use == CW_PLUGINS_ROLES)
		status = setting_for(plugin, selection->registry, &setting, error);
	if (status < 0)
		return status;
	if (!has_names_of_its_own(selection, plugin))
		return put(settings, setting, plugin, source, error);
	if (strcmp(setting, "configurator") == 0 && !selection->installer_named)
		return put(settings, "installer", plugin, source, error);
	return CW_OK;
}

static int
select_source(struct cw_settings *settings, enum cw_verb_plugins use, struct cw_registry *registry,
	      enum cw_source source, struct cw_error *error)
{
	const struct selection selection = {
		.settings = settings,
		.registry = registry,
		.use = use,
		.source = source,
		.installer_named = cw_settings_source(settings, "installer") == source,
	};
	int status = CW_OK;

	for (const struct cw_known_plugin *known = cw_known_plugins;
	     known->name != NULL && status == CW_OK; known++)
		status = select_flag(&selection, known->name, error);
	for (size_t i = 0; i < cw_registry_count(registry) && status == CW_OK; i++) {
		const char *name = cw_registry_at(registry, i)->name;

		if (!is_known(name))
			status = select_flag(&selection, name, error);
	}
	return status;
}

static int
check_cloud_dns(const char *selected, struct cw_registry *registry, struct cw_error *error)
{
	const char *plugin = cw_plugin_name(selected);
	cw_autofree char *package = NULL;

	if (plugin == NULL || !cw_is_cloud_dns(plugin) || cw_registry_has(registry, plugin))
		return CW_OK;
	package = cw_certbot_package(plugin);
	cw_fail(error, CW_E_NOT_FOUND, "Certbot's plugin \"%s\" is not installed", plugin);
	cw_hint(error,
		"install the package %s; or use dns-exec with a program of lego or acme.sh instead",
		package);
	return CW_E_NOT_FOUND;
}

int
cw_select_plugins(const struct cw_verb *verb, struct cw_settings *settings,
		  struct cw_registry *registry, struct cw_error *error)
{
	const struct cw_strv *mapped = cw_settings_map_values(settings, "authenticator_map");
	enum cw_verb_plugins use = verb->plugins;
	int status;

	if (use == CW_PLUGINS_NONE)
		return CW_OK;
	status = select_source(settings, use, registry, CW_SOURCE_COMMAND, error);
	if (status == CW_OK)
		status = select_source(settings, use, registry, CW_SOURCE_INI, error);
	if (status == CW_OK)
		status = check_cloud_dns(cw_settings_get(settings, "authenticator"), registry,
					 error);
	for (size_t i = 0; i < mapped->count && status == CW_OK; i++)
		status = check_cloud_dns(mapped->items[i], registry, error);
	return status;
}
