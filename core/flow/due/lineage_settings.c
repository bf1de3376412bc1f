#include "flow/due/lineage_settings.h"
#include <string.h>
#include "base/permissions.h"
#include "base/plugin_name.h"
#include "base/text.h"
#include "plugin/certbot_plugins.h"
#include "store/renewal.h"

static int
lacks_plugin(const struct cw_lineage *lineage, const char *plugin, struct cw_error *error)
{
	cw_autofree char *package = cw_certbot_package(plugin);

	if (strcmp(plugin, CW_HOST_PLUGIN) == 0) {
		cw_fail(error, CW_E_NOT_FOUND,
			"the program that obtained it through the library renews it; its files are "
			"not changed");
		cw_hint(error,
			"leave that to the program, or switch to a plugin: certwright certonly "
			"--cert-name %s --force-renewal -a PLUGIN",
			lineage->name);
		return CW_E_NOT_FOUND;
	}
	cw_fail(error, CW_E_NOT_FOUND,
		"its plugin \"%s\" is not installed; its files are not changed", plugin);
	if (cw_plugin_package(plugin) != NULL)
		cw_hint(error, "install the package %s", cw_plugin_package(plugin));
	else if (package != NULL)
		cw_hint(error,
			"install the package %s, or its like, with Certbot's plugin; or use "
			"dns-exec with a program of lego or acme.sh instead: certwright certonly "
			"--cert-name %s --force-renewal -a dns-exec --dns-exec-program PROGRAM",
			package, lineage->name);
	else
		cw_hint(error,
			"install it, or switch to another one: certwright certonly --cert-name %s "
			"--force-renewal -a PLUGIN",
			lineage->name);
	return CW_E_NOT_FOUND;
}

static const char *const plugin_keys[] = {"authenticator", "installer"};

/* The plugin that is used as KEY: the one given with this run, else the lineage's; NULL: none. */
static const char *
plugin_for(const struct cw_context *context, const struct cw_lineage *lineage, const char *key)
{
	const char *given = cw_settings_get(context->settings, key);
	const char *saved = cw_configobj_get(lineage->config, "renewalparams", key);

	if (given != NULL)
		return given;
	return saved != NULL && strcmp(saved, "None") != 0 ? saved : NULL;
}

static int
open_plugin(struct cw_context *context, const struct cw_lineage *lineage, const char *plugin,
	    struct cw_error *error)
{
	struct cw_module *module = NULL;
	int status = cw_registry_open(context->registry, plugin, &module, error);

	if (status == CW_E_NOT_FOUND)
		return lacks_plugin(lineage, cw_plugin_name(plugin), error);
	if (status == CW_OK)
		status = cw_module_add_options(module, context->options, error);
	return status;
}

/* The plugins of single names. What the file says of them may no longer count, when the run names
 * another authenticator or Certbot has written another one into the file: their options are read
 * then, so as to be taken out, where the modules are there. */
static int
open_mapped(struct cw_context *context, const struct cw_lineage *lineage, struct cw_error *error)
{
	static const char section[] = "certwright/authenticator_map";
	const char *key = "authenticator_map";
	bool given = cw_settings_given(context->settings, key);
	const char *first = plugin_for(context, lineage, "authenticator");
	cw_auto_strv struct cw_strv plugins = {0};
	cw_auto_strv struct cw_strv names = {0};
	bool counts;
	int status = CW_OK;

	if (given) {
		cw_strv_copy(&plugins, cw_settings_map_values(context->settings, key));
	} else {
		cw_configobj_keys(lineage->config, section, &names);
		for (size_t i = 0; i < names.count; i++)
			cw_strv_add_unique(&plugins, cw_configobj_get(lineage->config, section,
								      names.items[i]));
	}
	counts = given || (cw_settings_get(context->settings, "authenticator") == NULL &&
			   first != NULL && cw_strv_contains(&plugins, first));
	for (size_t i = 0; i < plugins.count && status == CW_OK; i++) {
		status = open_plugin(context, lineage, plugins.items[i], counts ? error : NULL);
		if (!counts)
			status = CW_OK;
	}
	return status;
}

/* One whose module is missing stands in the way of nothing else. */
static void
open_further_installers(struct cw_context *context, const struct cw_lineage *lineage)
{
	cw_auto_strv struct cw_strv installers = {0};

	cw_renewal_further_installers(lineage->config, &installers);
	for (size_t i = 0; i < installers.count; i++)
		open_plugin(context, lineage, installers.items[i], NULL);
}

static int
open_plugins(struct cw_context *context, const struct cw_lineage *lineage, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; i < CW_COUNT(plugin_keys) && status == CW_OK; i++) {
		const char *plugin = plugin_for(context, lineage, plugin_keys[i]);

		if (plugin != NULL)
			status = open_plugin(context, lineage, plugin, error);
	}
	if (status == CW_OK)
		open_further_installers(context, lineage);
	return status == CW_OK ? open_mapped(context, lineage, error) : status;
}

int
cw_lineage_check_permissions(const struct cw_lineage *lineage, struct cw_error *error)
{
	return cw_permissions_check_read("the renewal file", lineage->renewal_path,
					 &lineage->renewal_status, error);
}

int
cw_lineage_settings(struct cw_context *context, const struct cw_lineage *lineage,
		    struct cw_settings *settings, struct cw_error *error)
{
	int status = cw_lineage_check_permissions(lineage, error);

	if (status == CW_OK)
		status = open_plugins(context, lineage, error);
	if (status == CW_OK)
		status = cw_renewal_read(lineage->config, lineage->renewal_path, settings, NULL,
					 error);
	/* Certbot did not write it while RSA was its default. */
	if (status == CW_OK &&
	    cw_configobj_get(lineage->config, "renewalparams", "key_type") == NULL)
		status = cw_settings_set(settings, "key_type", CW_SOURCE_RENEWAL, "rsa", error);
	if (status == CW_OK)
		cw_settings_log(settings, CW_SOURCE_RENEWAL, lineage->renewal_path);
	return status;
}

static int
check_plugins(const struct cw_context *context, const struct cw_lineage *lineage,
	      struct cw_error *error)
{
	for (size_t i = 0; i < CW_COUNT(plugin_keys); i++) {
		const char *value = plugin_for(context, lineage, plugin_keys[i]);

		if (value != NULL && !cw_registry_has(context->registry, value))
			return lacks_plugin(lineage, value, error);
	}
	return CW_OK;
}

int
cw_lineage_check_settings(const struct cw_context *context, const struct cw_lineage *lineage,
			  bool with_plugins, struct cw_error *error)
{
	int status;

	if (plugin_for(context, lineage, "authenticator") == NULL &&
	    cw_settings_get(context->settings, "configurator") == NULL) {
		cw_fail(error, CW_E_INVALID, "there is no authenticator in %s",
			lineage->renewal_path);
		cw_hint(error, "give one on the command line, together with --cert-name %s",
			lineage->name);
		return CW_E_INVALID;
	}
	status = cw_renewal_check(lineage->config, lineage->renewal_path, context->settings, error);
	return status == CW_OK && with_plugins ? check_plugins(context, lineage, error) : status;
}
