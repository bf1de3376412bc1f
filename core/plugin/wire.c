/* Descriptions of modules, and what instances are opened with. */
#include "plugin/wire.h"
#include <stdlib.h>
#include "base/mem.h"
#include "plugin/instance_internal.h"
#include "plugin/module_internal.h"

static void
put_choices(struct cw_message *message, const char *const *choices)
{
	cw_auto_strv struct cw_strv list = {0};

	for (size_t i = 0; choices != NULL && choices[i] != NULL; i++)
		cw_strv_add(&list, choices[i]);
	cw_message_put_list(message, &list);
}

void
cw_wire_put_description(struct cw_message *message, const struct cw_plugin_description *about)
{
	cw_message_put_text(message, about->version);
	cw_message_put_text(message, about->description);
	cw_message_put_text(message, about->help);
	cw_message_put_int(message, about->abi_major);
	cw_message_put_int(message, about->abi_minor);
	cw_message_put_bool(message, about->authenticator);
	cw_message_put_bool(message, about->installer);
	cw_message_put_bool(message, about->exclusive);
	cw_message_put_bool(message, about->undeploys);
	cw_message_put_list(message, &about->dns_types);
	cw_message_put_list(message, &about->ip_types);
	cw_message_put_list(message, &about->enhancements);
	cw_message_put_int(message, (int64_t)about->option_count);
	for (size_t i = 0; i < about->option_count; i++) {
		const struct cw_plugin_option *option = about->options[i];

		cw_message_put_text(message, option->name);
		cw_message_put_int(message, option->kind);
		cw_message_put_text(message, option->default_value);
		cw_message_put_text(message, option->metavar);
		cw_message_put_text(message, option->help);
		cw_message_put_text(message, option->fills_map);
		put_choices(message, option->choices);
		cw_message_put_int(message, option->flags);
		cw_message_put_text(message, option->environment);
	}
}

static void
get_option(struct cw_message *message, struct cw_plugin_description *about)
{
	cw_autofree char *name = cw_message_need_text(message, CW_MESSAGE_NAME);
	enum cw_option_kind kind =
		(enum cw_option_kind)cw_message_get_int(message, CW_OPTION_FLAG, CW_OPTION_MAP);
	cw_autofree char *default_value = cw_message_get_text(message, CW_MESSAGE_LINE);
	cw_autofree char *metavar = cw_message_get_text(message, CW_MESSAGE_LINE);
	cw_autofree char *help = cw_message_need_text(message, CW_MESSAGE_LINE);
	cw_autofree char *fills_map = cw_message_get_text(message, CW_MESSAGE_NAME);
	cw_auto_strv struct cw_strv choices = {0};
	cw_autofree char *environment = NULL;
	unsigned flags;

	cw_message_get_list(message, CW_PLUGIN_CHOICES_MAX, CW_MESSAGE_LINE, &choices);
	flags = (unsigned)cw_message_get_int(message, 0, UINT32_MAX);
	environment = cw_message_get_text(message, CW_MESSAGE_NAME);
	cw_plugin_description_add(
		about,
		&(struct cw_plugin_option){
			.size = sizeof(struct cw_plugin_option),
			.name = name,
			.kind = kind,
			.default_value = default_value,
			.metavar = metavar,
			.help = help,
			.fills_map = fills_map,
			.choices = choices.count > 0 ? (const char *const *)cw_strv_items(&choices)
						     : NULL,
			.flags = flags,
			.environment = environment,
		});
}

struct cw_plugin_description *
cw_wire_get_description(struct cw_message *message)
{
	struct cw_plugin_description *about = cw_alloc(sizeof(*about));
	size_t count;

	about->version = cw_message_need_text(message, CW_MESSAGE_LINE);
	about->description = cw_message_need_text(message, CW_MESSAGE_LINE);
	about->help = cw_message_get_text(message, CW_MESSAGE_LINE);
	about->abi_major = (unsigned)cw_message_get_int(message, CW_ABI_MAJOR, CW_ABI_MAJOR);
	about->abi_minor = (unsigned)cw_message_get_int(message, 0, UINT32_MAX);
	about->authenticator = cw_message_get_bool(message);
	about->installer = cw_message_get_bool(message);
	about->exclusive = cw_message_get_bool(message);
	about->undeploys = cw_message_get_bool(message);
	cw_message_get_list(message, CW_PLUGIN_TYPES_MAX, CW_MESSAGE_NAME, &about->dns_types);
	cw_message_get_list(message, CW_PLUGIN_TYPES_MAX, CW_MESSAGE_NAME, &about->ip_types);
	cw_message_get_list(message, CW_PLUGIN_ENHANCEMENTS_MAX, CW_MESSAGE_NAME,
			    &about->enhancements);
	count = cw_message_get_count(message, CW_PLUGIN_OPTIONS_MAX);
	for (size_t i = 0; i < count && !message->broken; i++)
		get_option(message, about);
	return about;
}

static bool
is_list(const struct cw_option *option)
{
	return option->kind == CW_OPTION_LIST || option->kind == CW_OPTION_PATH_LIST;
}

static void
put_value(struct cw_message *message, const struct cw_option *option,
	  const struct cw_settings *values)
{
	enum cw_source source = cw_settings_source(values, option->internal);

	cw_message_put_int(message, source);
	if (source <= CW_SOURCE_DEFAULT)
		return;
	if (option->kind == CW_OPTION_MAP) {
		cw_message_put_list(message, cw_settings_map_keys(values, option->internal));
		cw_message_put_list(message, cw_settings_map_values(values, option->internal));
	} else if (is_list(option)) {
		cw_message_put_list(message, cw_settings_list(values, option->internal));
	} else if (option->kind == CW_OPTION_FLAG) {
		cw_message_put_text(message,
				    cw_settings_flag(values, option->internal) ? "1" : "0");
	} else {
		cw_message_put_text(message, cw_settings_get(values, option->internal));
	}
}

void
cw_wire_put_settings(struct cw_message *message, const struct cw_module *module,
		     const struct cw_settings *values, const struct cw_plugin_settings *others)
{
	cw_message_put_text(message, others->directories.config);
	cw_message_put_text(message, others->directories.work);
	cw_message_put_text(message, others->directories.logs);
	cw_message_put_bool(message, others->interactive);
	cw_message_put_bool(message, others->only_open);
	cw_message_put_int(message, others->lock_timeout);
	cw_message_put_bool(message, others->strict_permissions);
	cw_message_put_text(message, others->user);
	cw_message_put_bool(message, others->require_sandbox);
	cw_message_put_bool(message, others->without_landlock);
	cw_message_put_bool(message, others->without_seccomp);
	cw_message_put_bool(message, others->points);
	for (size_t i = 0; module->options[i] != NULL; i++)
		put_value(message, module->options[i], values);
	for (const char *const *name = cw_known_settings; *name != NULL; name++) {
		cw_autofree char *text = cw_known_setting(values, *name);

		cw_message_put_text(message, text);
	}
}

static void
set(struct cw_message *message, struct cw_settings *values, const struct cw_option *option,
    enum cw_source source, const char *value)
{
	if (!message->broken &&
	    cw_settings_set(values, option->internal, source, value, NULL) != CW_OK)
		message->broken = true;
}

static void
get_map(struct cw_message *message, struct cw_settings *values, const struct cw_option *option,
	enum cw_source source)
{
	cw_auto_strv struct cw_strv keys = {0}, texts = {0};

	cw_message_get_list(message, CW_MESSAGE_ITEMS, CW_MESSAGE_LINE, &keys);
	cw_message_get_list(message, CW_MESSAGE_ITEMS, CW_MESSAGE_LINE, &texts);
	if (keys.count != texts.count)
		message->broken = true;
	for (size_t i = 0; i < keys.count && !message->broken; i++)
		if (cw_settings_set_map(values, option->internal, source, keys.items[i],
					texts.items[i], NULL) != CW_OK)
			message->broken = true;
}

static void
get_value(struct cw_message *message, struct cw_settings *values, const struct cw_option *option)
{
	enum cw_source source =
		(enum cw_source)cw_message_get_int(message, CW_SOURCE_NONE, CW_SOURCE_COMMAND);

	if (source <= CW_SOURCE_DEFAULT)
		return;
	if (option->kind == CW_OPTION_MAP) {
		get_map(message, values, option, source);
	} else if (is_list(option)) {
		cw_auto_strv struct cw_strv list = {0};

		cw_message_get_list(message, CW_MESSAGE_ITEMS, CW_MESSAGE_LINE, &list);
		for (size_t i = 0; i < list.count; i++)
			set(message, values, option, source, list.items[i]);
	} else {
		cw_autofree char *text = cw_message_get_text(message, CW_MESSAGE_LINE);

		if (text != NULL)
			set(message, values, option, source, text);
	}
}

/* A setting of the core, as an option that takes any text. */
struct known {
	struct cw_option option;
	const char *names[2];
};

static void
get_known(struct cw_message *message, struct cw_plugin_settings *settings, const char *name)
{
	cw_autofree char *text = cw_message_get_text(message, CW_MESSAGE_LINE);
	struct known *known;

	/* One that the plugin has an option of the same name for is hidden by that. */
	if (text == NULL || cw_option_by_name(settings->options, name) != NULL)
		return;
	known = cw_alloc(sizeof(*known));
	known->names[0] = name;
	known->option = (struct cw_option){
		.names = known->names,
		.kind = CW_OPTION_STRING,
		.internal = name,
		.help = "",
	};
	settings->known =
		cw_realloc(settings->known, settings->known_count + 1, sizeof(struct cw_option *));
	settings->known[settings->known_count++] = &known->option;
	if (cw_option_set_add(settings->options, &known->option, NULL) != CW_OK)
		message->broken = true;
	set(message, settings->values, &known->option, CW_SOURCE_COMMAND, text);
}

void
cw_wire_get_settings(struct cw_message *message, struct cw_module *module,
		     struct cw_plugin_settings *settings)
{
	/* NULL: the run keeps no files. */
	settings->directories.config = cw_message_get_text(message, CW_MESSAGE_LINE);
	settings->directories.work = cw_message_get_text(message, CW_MESSAGE_LINE);
	settings->directories.logs = cw_message_get_text(message, CW_MESSAGE_LINE);
	settings->interactive = cw_message_get_bool(message);
	settings->only_open = cw_message_get_bool(message);
	settings->lock_timeout = cw_message_get_int(message, -1, INT64_MAX);
	settings->strict_permissions = cw_message_get_bool(message);
	settings->user = cw_message_get_text(message, CW_MESSAGE_NAME);
	settings->require_sandbox = cw_message_get_bool(message);
	settings->without_landlock = cw_message_get_bool(message);
	settings->without_seccomp = cw_message_get_bool(message);
	settings->points = cw_message_get_bool(message);
	settings->options = cw_option_set_new();
	settings->values = cw_settings_new(settings->options);
	if (cw_module_add_options(module, settings->options, NULL) != CW_OK)
		message->broken = true;
	for (size_t i = 0; module->options[i] != NULL; i++)
		get_value(message, settings->values, module->options[i]);
	for (const char *const *name = cw_known_settings; *name != NULL; name++)
		get_known(message, settings, *name);
}

void
cw_plugin_settings_clear(struct cw_plugin_settings *settings)
{
	cw_directories_clear(&settings->directories);
	free(settings->user);
	cw_settings_free(settings->values);
	cw_option_set_free(settings->options);
	for (size_t i = 0; i < settings->known_count; i++)
		free(settings->known[i]);
	free(settings->known);
	*settings = (struct cw_plugin_settings){0};
}
