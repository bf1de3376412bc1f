#include "flow/lineage_settings.h"
#include <string.h>
#include "base/text.h"
#include "store/renewal.h"

static int
lacks_plugin(const struct cw_lineage *lineage, const char *plugin, struct cw_error *error)
{
	cw_fail(error, CW_E_NOT_FOUND,
		"its plugin \"%s\" is not installed; its files are left as they are", plugin);
	if (cw_starts_with(plugin, "dns-"))
		cw_hint(error,
			"dns-exec can do the same with a program of lego or acme.sh: certwright "
			"certonly --cert-name %s --force-renewal -a dns-exec --dns-exec-program "
			"PROGRAM",
			lineage->name);
	else
		cw_hint(error,
			"install it, or name another one once: certwright certonly --cert-name %s "
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
open_plugins(struct cw_context *context, const struct cw_lineage *lineage, struct cw_error *error)
{
	for (size_t i = 0; i < CW_COUNT(plugin_keys); i++) {
		const char *value = plugin_for(context, lineage, plugin_keys[i]);
		struct cw_module *module = NULL;
		int status;

		if (value == NULL)
			continue;
		status = cw_registry_open(context->registry, value, &module, error);
		if (status == CW_E_NOT_FOUND)
			return lacks_plugin(lineage, value, error);
		if (status == CW_OK)
			status = cw_module_add_options(module, context->options, error);
		if (status < 0)
			return status;
	}
	return CW_OK;
}

int
cw_lineage_settings(struct cw_context *context, const struct cw_lineage *lineage,
		    struct cw_settings *settings, struct cw_error *error)
{
	int status = open_plugins(context, lineage, error);

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
check_plugins(struct cw_context *context, const struct cw_lineage *lineage, struct cw_error *error)
{
	for (size_t i = 0; i < CW_COUNT(plugin_keys); i++) {
		const char *value = plugin_for(context, lineage, plugin_keys[i]);

		if (value != NULL && !cw_registry_has(context->registry, value))
			return lacks_plugin(lineage, value, error);
	}
	return CW_OK;
}

int
cw_lineage_check_settings(struct cw_context *context, const struct cw_lineage *lineage,
			  bool with_plugins, struct cw_error *error)
{
	cw_auto_settings struct cw_settings *settings = NULL;

	if (plugin_for(context, lineage, "authenticator") == NULL &&
	    cw_settings_get(context->settings, "configurator") == NULL) {
		cw_fail(error, CW_E_INVALID, "%s names no authenticator", lineage->renewal_path);
		cw_hint(error, "give one on the command line, with --cert-name %s", lineage->name);
		return CW_E_INVALID;
	}
	settings = cw_settings_copy(context->settings);
	int status = cw_renewal_read(lineage->config, lineage->renewal_path, settings, NULL, error);
	return status == CW_OK && with_plugins ? check_plugins(context, lineage, error) : status;
}
