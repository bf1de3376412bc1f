#include "flow/ask/choose_plugin.h"
#include <stdlib.h>
#include <string.h>
#include "base/plugin_name.h"
#include "base/text.h"
#include "flow/due/decide.h"

static const char map_key[] = "authenticator_map";

enum role { ROLE_AUTHENTICATOR, ROLE_INSTALLER };

static const struct {
	const char *name, *question, *nobody, *hint, *listing;
} roles[] = {
	[ROLE_AUTHENTICATOR] = {"authenticator",
				"How do you want to prove that you control these names?",
				"no authenticator was given",
				"give --webroot -w FOLDER if a web server is running, or "
				"--standalone if not; see: certwright plugins",
				"see: certwright plugins --authenticators"},
	[ROLE_INSTALLER] = {"installer", "Which installer do you want to use?",
			    "no installer was given",
			    "give one with -i, such as -i nginx, or give -i null to install "
			    "nothing; see: certwright plugins --installers",
			    "see: certwright plugins --installers"},
};

static bool
has_role(const struct cw_module *module, enum role role)
{
	if (module->about == NULL)
		return false;
	return role == ROLE_AUTHENTICATOR ? module->about->authenticator : module->about->installer;
}

/* The module NAME, which must have the role. */
static int
open_in_role(struct cw_registry *registry, const char *name, enum role role,
	     struct cw_module **module, struct cw_error *error)
{
	int status = cw_registry_open(registry, name, module, error);

	if (status < 0 || has_role(*module, role))
		return status;
	cw_fail(error, CW_E_USAGE, "the plugin \"%s\" is not an %s", name, roles[role].name);
	cw_hint(error, "%s", roles[role].listing);
	return CW_E_USAGE;
}

/* With dns-persist-01 alone, the record is there or somebody makes it by hand. */
static bool
needs_no_plugin(const struct cw_settings *settings, enum role role)
{
	const struct cw_strv *types = cw_settings_list(settings, "pref_challs");

	return role == ROLE_AUTHENTICATOR && types->count == 1 &&
	       strcmp(types->items[0], "dns-persist-01") == 0;
}

static int
use_manual(struct cw_context *context, char **name, struct cw_error *error)
{
	*name = cw_strdup("manual");
	return cw_settings_set(context->settings, "authenticator", CW_SOURCE_RUNTIME, *name, error);
}

static int
ask(struct cw_context *context, enum role role, char **name, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	cw_auto_strv struct cw_strv items = {0};
	size_t choice = 0;
	int status;

	if (!context->asker->interactive) {
		cw_fail(error, CW_E_USAGE, "%s", roles[role].nobody);
		cw_hint(error, "%s", roles[role].hint);
		return CW_E_USAGE;
	}
	cw_registry_open_all(context->registry);
	for (size_t i = 0; i < cw_registry_count(context->registry); i++) {
		const struct cw_module *module = cw_registry_at(context->registry, i);

		if (!has_role(module, role))
			continue;
		cw_strv_add(&names, module->name);
		cw_strv_addf(&items, "%s (%s)", module->about->description, module->name);
	}
	if (names.count == 0)
		return cw_fail(error, CW_E_NOT_FOUND, "there is no %s plugin", roles[role].name);
	status = context->asker->choice(context->asker->context, roles[role].question,
					(const char *const *)items.items, items.count, &choice,
					error);
	if (status == CW_OK)
		status = cw_settings_set(context->settings, roles[role].name, CW_SOURCE_RUNTIME,
					 names.items[choice], error);
	if (status == CW_OK)
		*name = cw_strdup(names.items[choice]);
	return status;
}

/* Whether a flag like --nginx selected the plugin, rather than -a nginx. */
static bool
selected_by_flag(const struct cw_settings *settings, const char *plugin)
{
	cw_autofree char *internal = cw_replace_char(cw_strdup(plugin), '-', '_');

	return cw_settings_flag(settings, internal);
}

static int
choose(struct cw_context *context, enum role role, char **name, struct cw_module **module,
       struct cw_error *error)
{
	int status = CW_OK;

	if (*name == NULL)
		status = needs_no_plugin(context->settings, role) ? use_manual(context, name, error)
								  : ask(context, role, name, error);
	if (status == CW_OK)
		status = open_in_role(context->registry, *name, role, module, error);
	/* An asked-for plugin's options, and their defaults, are known from here on. */
	if (status == CW_OK)
		status = cw_module_add_options(*module, context->options, error);
	return status;
}

int
cw_choose_authenticator(struct cw_context *context, char **authenticator, char **installer,
			struct cw_error *error)
{
	struct cw_module *module = NULL;
	int status;

	cw_selected_plugins(context->settings, authenticator, installer);
	status = choose(context, ROLE_AUTHENTICATOR, authenticator, &module, error);
	if (status == CW_OK && *installer == NULL && has_role(module, ROLE_INSTALLER) &&
	    selected_by_flag(context->settings, *authenticator))
		*installer = cw_strdup(*authenticator);
	return status;
}

int
cw_choose_both(struct cw_context *context, char **authenticator, char **installer,
	       struct cw_error *error)
{
	struct cw_module *module = NULL;
	bool asked;
	int status;

	cw_selected_plugins(context->settings, authenticator, installer);
	asked = *authenticator == NULL;
	status = choose(context, ROLE_AUTHENTICATOR, authenticator, &module, error);
	if (status == CW_OK && *installer == NULL && has_role(module, ROLE_INSTALLER) &&
	    (asked || selected_by_flag(context->settings, *authenticator)))
		*installer = cw_strdup(*authenticator);
	if (status == CW_OK)
		status = choose(context, ROLE_INSTALLER, installer, &module, error);
	return status;
}

int
cw_choose_installer(struct cw_context *context, char **installer, struct cw_error *error)
{
	struct cw_module *module = NULL;
	cw_autofree char *authenticator = NULL;

	cw_selected_plugins(context->settings, &authenticator, installer);
	return choose(context, ROLE_INSTALLER, installer, &module, error);
}

/* The map is ignored if the run has an authenticator for all names, or if Certbot, which does not
 * know the map, has put another one into the renewal file. */
static bool
is_map_in_force(const struct cw_settings *settings, const char *authenticator)
{
	const struct cw_strv *plugins = cw_settings_map_values(settings, map_key);
	enum cw_source source = cw_settings_source(settings, map_key);
	bool named = cw_settings_get(settings, "authenticator") != NULL;
	enum cw_source other =
		cw_settings_source(settings, named ? "authenticator" : "configurator");

	if (source <= CW_SOURCE_DEFAULT || source < other)
		return false;
	return source != CW_SOURCE_RENEWAL || cw_strv_contains(plugins, authenticator);
}

/* The plugin of each name, opened. */
static int
open_mapped(struct cw_context *context, struct cw_request *request, const struct cw_strv *names,
	    struct cw_strv *plugins, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < names->count && status == CW_OK; i++) {
		const char *mapped =
			cw_settings_map_get(request->settings, map_key, names->items[i]);
		const char *plugin =
			mapped != NULL ? cw_plugin_name(mapped) : request->authenticator;
		struct cw_module *module = NULL;
		bool known = cw_strv_contains(plugins, plugin);

		cw_strv_add(plugins, plugin);
		if (known)
			continue;
		status =
			open_in_role(context->registry, plugin, ROLE_AUTHENTICATOR, &module, error);
		if (status == CW_OK)
			status = cw_module_add_options(module, context->options, error);
		if (status < 0)
			return cw_context(error, "the authenticator of \"%s\"", names->items[i]);
		if (request->installer == NULL && has_role(module, ROLE_INSTALLER) &&
		    selected_by_flag(request->settings, plugin))
			request->installer = cw_strdup(plugin);
	}
	return status;
}

int
cw_choose_for_names(struct cw_context *context, struct cw_request *request, struct cw_error *error)
{
	struct cw_settings *settings = request->settings;
	enum cw_source source = cw_settings_source(settings, map_key);
	cw_auto_strv struct cw_strv names = {0};
	cw_auto_strv struct cw_strv plugins = {0};
	bool several = false;
	int status = CW_OK;

	if (is_map_in_force(settings, request->authenticator)) {
		cw_names_all(&request->names, &names);
		status = open_mapped(context, request, &names, &plugins, error);
	}
	cw_settings_reset(settings, map_key);
	if (status < 0 || names.count == 0)
		return status;
	for (size_t i = 1; i < plugins.count; i++)
		several |= strcmp(plugins.items[i], plugins.items[0]) != 0;
	if (!cw_strv_contains(&plugins, request->authenticator)) {
		free(request->authenticator);
		request->authenticator = cw_strdup(plugins.items[0]);
	}
	for (size_t i = 0; several && i < names.count && status == CW_OK; i++)
		status = cw_settings_set_map(settings, map_key, source, names.items[i],
					     plugins.items[i], error);
	return status;
}

/* NAME NULL: there is nothing to check. */
static int
check_plugin(struct cw_registry *registry, struct cw_option_set *options,
	     struct cw_settings *settings, const char *name, enum role role, struct cw_error *error)
{
	struct cw_module *module = NULL;
	int status = name != NULL ? open_in_role(registry, name, role, &module, error) : CW_OK;

	if (status < 0 || name == NULL)
		return status;
	status = cw_module_add_options(module, options, error);
	if (status == CW_OK)
		status = cw_module_take_environment(module, settings, error);
	return status == CW_OK ? cw_module_check_required(module, settings, error) : status;
}

int
cw_check_plugins(struct cw_registry *registry, struct cw_option_set *options,
		 struct cw_settings *settings, struct cw_error *error)
{
	const struct cw_strv *mapped = cw_settings_map_values(settings, map_key);
	cw_autofree char *authenticator = NULL, *installer = NULL;
	int status;

	cw_selected_plugins(settings, &authenticator, &installer);
	status =
		check_plugin(registry, options, settings, authenticator, ROLE_AUTHENTICATOR, error);
	for (size_t i = 0; i < mapped->count && status == CW_OK; i++)
		status = check_plugin(registry, options, settings, cw_plugin_name(mapped->items[i]),
				      ROLE_AUTHENTICATOR, error);
	return status == CW_OK
		       ? check_plugin(registry, options, settings, installer, ROLE_INSTALLER, error)
		       : status;
}
