/* What a plugin must be like before anything but its entry function is called. */
#include "base/strv.h"
#include "plugin/certbot_plugins.h"
#include "plugin/module_internal.h"

/* The sizes that ABI 1.0 began with; a struct of any plugin has at least these. */
#define SIZE_1_0(type, last) (offsetof(type, last) + sizeof(((type *)0)->last))
#define OPTION_SIZE SIZE_1_0(struct cw_plugin_option, choices)
#define AUTHENTICATOR_SIZE SIZE_1_0(struct cw_authenticator, cleanup)
#define INSTALLER_SIZE SIZE_1_0(struct cw_installer, reread)
#define PLUGIN_SIZE SIZE_1_0(struct cw_plugin, installer)

enum { NAME_MAX_BYTES = 64, OPTIONS_MAX = 256, TEXT_MAX_BYTES = 64 * 1024 };

bool
cw_plugin_name_valid(const char *name)
{
	size_t length = strnlen(name, NAME_MAX_BYTES + 1);

	return length > 0 && length <= NAME_MAX_BYTES && name[0] >= 'a' && name[0] <= 'z' &&
	       name[length - 1] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static int
check_version(const struct cw_module *module, const struct cw_plugin *plugin,
	      struct cw_error *error)
{
	int status;

	if (!CW_HAS(plugin, struct cw_plugin, abi_minor)) {
		status = cw_fail(error, CW_E_PLUGIN,
				 "the plugin \"%s\" was refused: its description is cut short "
				 "(%zu bytes)",
				 module->path, plugin->size);
		cw_hint(error, "build the plugin anew against <certwright/plugin.h>");
		return status;
	}
	if (plugin->abi_major != CW_ABI_MAJOR) {
		status = cw_fail(error, CW_E_PLUGIN,
				 "the plugin \"%s\" was refused: it was built for version %u.%u of "
				 "the plugin interface, and this certwright has version %d.%d",
				 module->path, (unsigned)plugin->abi_major,
				 (unsigned)plugin->abi_minor, CW_ABI_MAJOR, CW_ABI_MINOR);
		cw_hint(error, "install a %s and a plugin of the same major version",
			plugin->abi_major > CW_ABI_MAJOR
				? "newer certwright, or else one"
				: "newer build of the plugin, or else one");
		return status;
	}
	if (plugin->size < PLUGIN_SIZE) {
		status = cw_fail(error, CW_E_PLUGIN,
				 "the plugin \"%s\" was refused: its description is cut short "
				 "(%zu bytes, where version %d.0 of the plugin interface has %zu)",
				 module->path, plugin->size, CW_ABI_MAJOR, (size_t)PLUGIN_SIZE);
		cw_hint(error, "build the plugin anew against <certwright/plugin.h>");
		return status;
	}
	return CW_OK;
}

/* A plugin broke the interface in a way that only its author can mend. */
static int
broken(const struct cw_module *module, struct cw_error *error, const char *what)
{
	int status = cw_fail(error, CW_E_PLUGIN, "the plugin \"%s\" was refused: %s", module->path,
			     what);

	cw_hint(error, "report this to the author of the plugin");
	return status;
}

static int
check_roles(const struct cw_module *module, const struct cw_plugin *plugin, struct cw_error *error)
{
	const struct cw_authenticator *authenticator = plugin->authenticator;
	const struct cw_installer *installer = plugin->installer;

	if (authenticator == NULL && installer == NULL)
		return broken(module, error, "it is neither an authenticator nor an installer");
	if (authenticator != NULL && authenticator->size < AUTHENTICATOR_SIZE)
		return broken(module, error, "the description of its authenticator is cut short");
	if (authenticator != NULL &&
	    (authenticator->challenge_types == NULL || authenticator->perform == NULL ||
	     authenticator->cleanup == NULL))
		return broken(module, error, "its authenticator lacks a function");
	if (installer != NULL && installer->size < INSTALLER_SIZE)
		return broken(module, error, "the description of its installer is cut short");
	if (installer != NULL && installer->deploy == NULL &&
	    !(CW_HAS(installer, struct cw_installer, deploy_lineage) &&
	      installer->deploy_lineage != NULL))
		return broken(module, error, "its installer lacks the function \"deploy\"");
	return CW_OK;
}

static const struct cw_plugin_option *
find_option(const struct cw_plugin_option *const *options, const char *name, size_t before)
{
	for (size_t i = 0; i < before && options[i] != NULL; i++)
		if (strcmp(options[i]->name, name) == 0)
			return options[i];
	return NULL;
}

static bool
is_list(enum cw_option_kind kind)
{
	return kind == CW_OPTION_LIST || kind == CW_OPTION_PATH_LIST;
}

static bool
is_variable(const char *name)
{
	size_t length = strnlen(name, NAME_MAX_BYTES + 1);

	return length > 0 && length <= NAME_MAX_BYTES && (name[0] < '0' || name[0] > '9') &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == length;
}

static int
check_option(const struct cw_module *module, const struct cw_plugin_option *const *options,
	     size_t index, struct cw_error *error)
{
	const struct cw_plugin_option *option = options[index];

	if (option->size < OPTION_SIZE)
		return broken(module, error, "the description of an option is cut short");
	if (option->name == NULL || !cw_plugin_name_valid(option->name))
		return broken(module, error,
			      "the name of an option is not made of lower-case letters, digits "
			      "and \"-\"");
	if (option->kind < CW_OPTION_FLAG || option->kind > CW_OPTION_MAP)
		return broken(module, error, "an option is of a kind that is not known here");
	if (CW_HAS(option, struct cw_plugin_option, environment) && option->environment != NULL &&
	    !is_variable(option->environment))
		return broken(module, error,
			      "the environment variable of an option is not made of upper-case "
			      "letters, digits and \"_\"");
	if (option->help == NULL)
		return broken(module, error, "an option has no help text");
	if (find_option(options, option->name, index) != NULL)
		return broken(module, error, "an option occurs twice");
	return CW_OK;
}

int
cw_module_check_options(const struct cw_module *module,
			const struct cw_plugin_option *const *options, struct cw_error *error)
{
	size_t count = 0;
	int status;

	if (options == NULL)
		return CW_OK;
	for (; options[count] != NULL; count++) {
		if (count == OPTIONS_MAX)
			return broken(module, error, "it has more than 256 options");
		status = check_option(module, options, count, error);
		if (status != CW_OK)
			return status;
	}
	for (size_t i = 0; i < count; i++) {
		const struct cw_plugin_option *option = options[i], *map;

		if (option->fills_map == NULL)
			continue;
		map = find_option(options, option->fills_map, count);
		if (!is_list(option->kind) || map == NULL || map->kind != CW_OPTION_MAP)
			return broken(module, error,
				      "an option fills a map, but it is not a list, or there is "
				      "no such map");
	}
	return CW_OK;
}

static bool
is_text(const char *text)
{
	return text != NULL && strnlen(text, TEXT_MAX_BYTES) < TEXT_MAX_BYTES;
}

/* What the module has to call itself. */
static const char *
file_name(const struct cw_module *module)
{
	return module->certbots ? CW_CERTBOT_RUNNER : module->name;
}

int
cw_module_check(const struct cw_module *module, const struct cw_plugin *plugin,
		struct cw_error *error)
{
	int status;

	if (plugin == NULL)
		return broken(module, error, "its entry function gave nothing");
	status = check_version(module, plugin, error);
	if (status != CW_OK)
		return status;
	if (!is_text(plugin->name) || !is_text(plugin->version) || !is_text(plugin->description))
		return broken(module, error, "it lacks a name, a version or a description");
	if (strcmp(plugin->name, file_name(module)) != 0) {
		status = cw_fail(error, CW_E_PLUGIN,
				 "the plugin \"%s\" was refused: it calls itself \"%.*s\"",
				 module->path, NAME_MAX_BYTES, plugin->name);
		cw_hint(error, "name the file \"%.*s.so\"", NAME_MAX_BYTES, plugin->name);
		return status;
	}
	if (plugin->open == NULL)
		return broken(module, error, "it lacks the function \"open\"");
	status = check_roles(module, plugin, error);
	return status == CW_OK ? cw_module_check_options(module, plugin->options, error) : status;
}
