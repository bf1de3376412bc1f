/* The services that read and set a plugin's options, and read settings of the core. */
#include <stdlib.h>
#include "base/json.h"
#include "base/mem.h"
#include "base/program_path.h"
#include "base/text.h"
#include "plugin/instance_internal.h"

/* The internal name of the plugin's option NAME, or NULL when it declares none such. */
static const struct cw_option *
find_option(const struct cw_module *module, const char *name)
{
	cw_autofree char *internal =
		cw_replace_char(cw_format("%s_%s", module->name, name), '-', '_');

	for (size_t i = 0; module->options != NULL && module->options[i] != NULL; i++)
		if (strcmp(module->options[i]->internal, internal) == 0)
			return module->options[i];
	return NULL;
}

static const struct cw_option *
own_option(const struct cw_host *host, const char *name)
{
	return find_option(cw_host_instance(host)->module, name);
}

static bool
is_list(const struct cw_option *option)
{
	return option->kind == CW_OPTION_LIST || option->kind == CW_OPTION_PATH_LIST;
}

static const char *
flag_text(bool flag)
{
	return flag ? "1" : "0";
}

const char *
cw_service_option(const struct cw_host *host, const char *name)
{
	const struct cw_settings *settings = cw_host_instance(host)->settings;
	const struct cw_option *option = own_option(host, name);

	if (option == NULL)
		return NULL;
	if (option->kind == CW_OPTION_FLAG)
		return flag_text(cw_settings_flag(settings, option->internal));
	return cw_settings_get(settings, option->internal);
}

size_t
cw_service_option_count(const struct cw_host *host, const char *name)
{
	const struct cw_option *option = own_option(host, name);

	if (option == NULL || !is_list(option))
		return 0;
	return cw_settings_list(cw_host_instance(host)->settings, option->internal)->count;
}

const char *
cw_service_option_at(const struct cw_host *host, const char *name, size_t index)
{
	const struct cw_option *option = own_option(host, name);
	const struct cw_strv *list;

	if (option == NULL || !is_list(option))
		return NULL;
	list = cw_settings_list(cw_host_instance(host)->settings, option->internal);
	return index < list->count ? list->items[index] : NULL;
}

int
cw_service_option_given(const struct cw_host *host, const char *name)
{
	const struct cw_option *option = own_option(host, name);

	return option != NULL &&
	       cw_settings_given(cw_host_instance(host)->settings, option->internal);
}

const char *
cw_service_option_map(const struct cw_host *host, const char *name, const char *key)
{
	const struct cw_option *option = own_option(host, name);

	if (option == NULL || option->kind != CW_OPTION_MAP)
		return NULL;
	return cw_settings_map_get(cw_host_instance(host)->settings, option->internal, key);
}

/* Sets one key of a map and keeps the others, wherever they came from; VALUE NULL removes it. */
static int
set_map_key(struct cw_settings *settings, const char *internal, const char *key, const char *value,
	    struct cw_error *error)
{
	enum cw_source source = cw_settings_source(settings, internal);
	cw_auto_strv struct cw_strv keys = {0}, values = {0};
	int status = CW_OK;

	if (source < CW_SOURCE_RUNTIME)
		source = CW_SOURCE_RUNTIME;
	cw_strv_copy(&keys, cw_settings_map_keys(settings, internal));
	cw_strv_copy(&values, cw_settings_map_values(settings, internal));
	cw_settings_reset(settings, internal);
	for (size_t i = 0; i < keys.count && status == CW_OK; i++)
		if (strcmp(keys.items[i], key) != 0)
			status = cw_settings_set_map(settings, internal, source, keys.items[i],
						     values.items[i], error);
	if (status == CW_OK && value != NULL)
		status = cw_settings_set_map(settings, internal, source, key, value, error);
	return status;
}

int
cw_module_set_option(const struct cw_module *module, struct cw_settings *settings, const char *name,
		     const char *key, const char *value, struct cw_error *error)
{
	const struct cw_option *option = find_option(module, name);
	cw_auto_settings struct cw_settings *trial = NULL;
	int status;

	if (option == NULL || (key != NULL && option->kind != CW_OPTION_MAP)) {
		cw_fail(error, CW_E_PLUGIN,
			"the plugin \"%s\" misused the service \"set_option\": %s", module->name,
			option == NULL ? "it declares no such option" : "the option is no map");
		cw_hint(error, "report this to the author of the plugin");
		return CW_E_PLUGIN;
	}
	if (key != NULL)
		return set_map_key(settings, option->internal, key, value, error);
	/* What the plugin has chosen takes the place of the present value, whoever gave that; but
	 * a value that is refused must not cost the present one. */
	if (value != NULL) {
		trial = cw_settings_copy(settings);
		cw_settings_reset(trial, option->internal);
		status = cw_settings_set(trial, option->internal, CW_SOURCE_RUNTIME, value, error);
		if (status != CW_OK)
			return status;
	}
	cw_settings_reset(settings, option->internal);
	if (value == NULL)
		return CW_OK;
	return cw_settings_set(settings, option->internal, CW_SOURCE_RUNTIME, value, error);
}

int
cw_service_set_option(const struct cw_host *host, const char *name, const char *key,
		      const char *value)
{
	struct cw_instance *instance = cw_host_instance(host);
	const struct cw_services *services = instance->services;
	struct cw_error *error = cw_host_error(host);
	int status = cw_host_begin(host, "set_option");

	if (status == CW_OK)
		status = cw_module_set_option(instance->module, instance->settings, name, key,
					      value, error);
	if (status == CW_OK && services->set_option != NULL)
		status = services->set_option(services->context, name, key, value, error);
	return status;
}

static void
save(struct cw_strv *list, const char *internal, const char *key, const char *value)
{
	cw_strv_add(list, internal);
	cw_strv_add(list, key);
	cw_strv_add(list, value);
}

void
cw_module_save_options(const struct cw_module *module, const struct cw_settings *settings,
		       struct cw_strv *list)
{
	for (size_t i = 0; module->options[i] != NULL; i++) {
		const struct cw_option *option = module->options[i];
		const char *internal = option->internal;
		bool is_map = option->kind == CW_OPTION_MAP;
		const struct cw_strv *keys = cw_settings_map_keys(settings, internal);
		const struct cw_strv *values = is_map ? cw_settings_map_values(settings, internal)
						      : cw_settings_list(settings, internal);

		if (cw_settings_source(settings, internal) <= CW_SOURCE_DEFAULT ||
		    (option->flags & CW_OPT_SECRET) != 0)
			continue;
		if (option->kind == CW_OPTION_FLAG)
			save(list, internal, "", flag_text(cw_settings_flag(settings, internal)));
		else if (!is_map && !is_list(option))
			save(list, internal, "", cw_settings_get(settings, internal));
		else
			for (size_t j = 0; j < values->count; j++)
				save(list, internal, is_map ? keys->items[j] : "",
				     values->items[j]);
	}
}

int
cw_module_restore_options(const struct cw_module *module, struct cw_settings *settings,
			  const struct cw_strv *list, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; module->options[i] != NULL; i++)
		cw_settings_reset(settings, module->options[i]->internal);
	for (size_t i = 0; i + 2 < list->count && status == CW_OK; i += 3) {
		const char *internal = list->items[i], *value = list->items[i + 2];
		const struct cw_option *option = NULL;

		for (size_t j = 0; module->options[j] != NULL && option == NULL; j++)
			if (strcmp(module->options[j]->internal, internal) == 0)
				option = module->options[j];
		/* One that the plugin has no more. */
		if (option == NULL)
			continue;
		status = option->kind == CW_OPTION_MAP
				 ? cw_settings_set_map(settings, internal, CW_SOURCE_COMMAND,
						       list->items[i + 1], value, error)
				 : cw_settings_set(settings, internal, CW_SOURCE_COMMAND, value,
						   error);
	}
	return status;
}

const char *const cw_known_settings[] = {
	"http-01-port",     "http-01-address",
	"tls-alpn-01-port", "tls-alpn-01-address",
	"https-port",       "dry-run",
	"dns-resolver",     "preferred-challenges",
	"plugin-timeout",   NULL,
};

char *
cw_known_setting(const struct cw_settings *settings, const char *name)
{
	const struct cw_option *option = cw_option_by_name(cw_settings_options(settings), name);
	const struct cw_strv *list;

	if (option == NULL)
		return NULL;
	if (option->kind == CW_OPTION_FLAG)
		return cw_strdup(flag_text(cw_settings_flag(settings, option->internal)));
	if (!is_list(option))
		return cw_strdup(cw_settings_get(settings, option->internal));
	list = cw_settings_list(settings, option->internal);
	return list->count > 0 ? cw_strv_join(list, ",") : NULL;
}

/* Keeps TEXT, so that the pointer lives as long as the instance. */
static const char *
kept(struct cw_instance *instance, char *text)
{
	struct cw_strv *texts = &instance->settings_text;

	for (size_t i = 0; i < texts->count; i++) {
		if (strcmp(texts->items[i], text) != 0)
			continue;
		free(text);
		return texts->items[i];
	}
	cw_strv_take(texts, text);
	return text;
}

/* The plugin's options as one JSON object, with the values that they have now. */
static char *
options_text(const struct cw_instance *instance)
{
	cw_auto_json struct json_object *object = cw_json_new_object();
	const struct cw_plugin_description *about = instance->module->about;

	for (size_t i = 0; i < about->option_count; i++) {
		const char *name = about->options[i]->name;
		const struct cw_option *option = find_option(instance->module, name);
		const char *internal = option != NULL ? option->internal : NULL;

		if (internal == NULL)
			continue;
		if (option->kind == CW_OPTION_FLAG)
			cw_json_set_bool(object, name,
					 cw_settings_flag(instance->settings, internal));
		else if (is_list(option))
			cw_json_set(
				object, name,
				cw_json_from_strv(cw_settings_list(instance->settings, internal)));
		else if (option->kind != CW_OPTION_MAP)
			cw_json_set_string(object, name,
					   cw_settings_get(instance->settings, internal));
	}
	return cw_strdup(cw_json_text(object));
}

const char *
cw_service_setting(const struct cw_host *host, const char *name)
{
	struct cw_instance *instance = cw_host_instance(host);
	const struct cw_directories *directories = instance->services->directories;

	if (directories != NULL && strcmp(name, "config-dir") == 0)
		return directories->config;
	if (directories != NULL && strcmp(name, "work-dir") == 0)
		return directories->work;
	if (directories != NULL && strcmp(name, "logs-dir") == 0)
		return directories->logs;
	if (strcmp(name, "plugin-name") == 0)
		return instance->module->name;
	if (strcmp(name, "plugin-options") == 0)
		return kept(instance, options_text(instance));
	if (strcmp(name, "program-path") == 0)
		return kept(instance, cw_program_path());
	for (const char *const *known = cw_known_settings; *known != NULL; known++) {
		char *text = NULL;

		if (strcmp(*known, name) == 0)
			text = cw_known_setting(instance->settings, name);
		if (text != NULL)
			return kept(instance, text);
	}
	return NULL;
}
