/* A plugin's options as options of the program: "path" of "webroot" is --webroot-path. */
#include <stdlib.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "plugin/module_internal.h"

/* An option with the strings that it points to; the others are the description's. */
struct owned_option {
	struct cw_option option;
	const char *names[2];
	char *long_name, *internal, *fills_map;
};

/* What else options of plugins are called: by the letters that Certbot gives them, or by names that
 * begin with what they are for. */
static const struct {
	const char *plugin, *long_name;
	char letter;            /* 0: none */
	const char *other_name; /* NULL: none */
} known[] = {
	{"webroot", "webroot-path", 'w', NULL},
	{"dns-exec", "dns-exec-provider", 0, "dns-lexicon-provider"},
	{"dns-exec", "dns-exec-config-dir", 0, "dns-lexicon-config-dir"},
};

static char
short_letter(const char *long_name)
{
	for (size_t i = 0; i < CW_COUNT(known); i++)
		if (strcmp(known[i].long_name, long_name) == 0)
			return known[i].letter;
	return 0;
}

const char *
cw_plugin_of_letter(char letter)
{
	for (size_t i = 0; i < CW_COUNT(known); i++)
		if (letter != 0 && known[i].letter == letter)
			return known[i].plugin;
	return NULL;
}

const char *
cw_plugin_option_name(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(known); i++)
		if (cw_equal(known[i].other_name, name))
			return known[i].long_name;
	return name;
}

static char *
internal_name(const char *plugin, const char *option)
{
	return cw_replace_char(cw_format("%s_%s", plugin, option), '-', '_');
}

static struct cw_option *
convert(const struct cw_module *module, const struct cw_plugin_option *from)
{
	struct owned_option *owned = cw_alloc(sizeof(*owned));

	owned->long_name = cw_format("%s-%s", module->name, from->name);
	owned->internal = internal_name(module->name, from->name);
	if (from->fills_map != NULL)
		owned->fills_map = internal_name(module->name, from->fills_map);
	owned->names[0] = owned->long_name;
	owned->option = (struct cw_option){
		.short_name = short_letter(owned->long_name),
		.names = owned->names,
		.kind = from->kind,
		.flags = CW_OPT_PLUGIN | (from->kind == CW_OPTION_LIST ? CW_OPT_COMMAS : 0) |
			 (from->flags & CW_OPTION_REQUIRED ? CW_OPT_REQUIRED : 0) |
			 (from->flags & CW_OPTION_SECRET ? CW_OPT_SECRET : 0),
		.internal = owned->internal,
		.default_value = from->default_value,
		.choices = from->choices,
		.metavar = from->metavar,
		.topics = module->name,
		.help = from->help,
		.fills_map = owned->fills_map,
		.environment = from->environment,
	};
	return &owned->option;
}

void
cw_module_convert_options(struct cw_module *module)
{
	struct cw_plugin_option *const *from = module->about->options;
	size_t count = module->about->option_count;

	module->options = cw_calloc(count + 1, sizeof(*module->options));
	for (size_t i = 0; i < count; i++)
		module->options[i] = convert(module, from[i]);
}

void
cw_module_free_options(struct cw_module *module)
{
	for (size_t i = 0; module->options != NULL && module->options[i] != NULL; i++) {
		struct owned_option *owned = (struct owned_option *)(void *)module->options[i];

		free(owned->long_name);
		free(owned->internal);
		free(owned->fills_map);
		free(owned);
	}
	free(module->options);
	module->options = NULL;
}

int
cw_module_add_options(struct cw_module *module, struct cw_option_set *set, struct cw_error *error)
{
	for (size_t i = 0; module->options != NULL && module->options[i] != NULL; i++) {
		const struct cw_option *option = module->options[i];
		const struct cw_option *there = cw_option_by_name(set, option->names[0]);
		int status;

		if (there == option)
			continue;
		/* The core's table may describe an option of a plugin that comes with it, so that
		 * --help need not open the module. */
		if (there != NULL && (there->flags & CW_OPT_PLUGIN) &&
		    there->kind == option->kind && cw_equal(there->internal, option->internal) &&
		    cw_equal(there->topics, option->topics))
			continue;
		if (there != NULL && (there->flags & CW_OPT_PLUGIN) != 0) {
			cw_fail(error, CW_E_PLUGIN,
				"the plugins \"%s\" and \"%s\" both have an option \"--%s\"",
				there->topics, module->name, option->names[0]);
			cw_hint(error, "use only one of them at a time");
			return CW_E_PLUGIN;
		}
		status = cw_option_set_add(set, option, error);
		if (status != CW_OK)
			return cw_context(error, "the options of the plugin \"%s\" cannot be used",
					  module->name);
	}
	return CW_OK;
}

int
cw_module_take_environment(const struct cw_module *module, struct cw_settings *settings,
			   struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; module->options[i] != NULL && status == CW_OK; i++) {
		const struct cw_option *option = module->options[i];
		const char *value =
			option->environment != NULL ? secure_getenv(option->environment) : NULL;

		if (value == NULL || *value == '\0' ||
		    cw_settings_source(settings, option->internal) >= CW_SOURCE_INI)
			continue;
		if ((option->flags & CW_OPT_SECRET) != 0)
			cw_log_secret(value);
		status = cw_settings_set(settings, option->internal, CW_SOURCE_INI, value, error);
		if (status != CW_OK)
			return cw_context(error, "the environment variable \"%s\"",
					  option->environment);
	}
	return status;
}

int
cw_module_check_required(const struct cw_module *module, const struct cw_settings *settings,
			 struct cw_error *error)
{
	for (size_t i = 0; module->options[i] != NULL; i++) {
		const struct cw_option *option = module->options[i];
		const char *value = cw_settings_get(settings, option->internal);
		const char *name = option->names[0];
		bool map = option->kind == CW_OPTION_MAP;

		if ((option->flags & CW_OPT_REQUIRED) == 0 || (value != NULL && *value != '\0') ||
		    (map && cw_settings_map_keys(settings, option->internal)->count > 0))
			continue;
		cw_fail(error, CW_E_USAGE, "the plugin \"%s\" needs a value for \"--%s\"",
			module->name, name);
		if (option->environment != NULL)
			cw_hint(error, "give --%s, write \"%s = ...\" into cli.ini, or set %s",
				name, name, option->environment);
		else
			cw_hint(error, "give --%s, or write \"%s = ...\" into cli.ini", name, name);
		return CW_E_USAGE;
	}
	return CW_OK;
}
