/* What a plugin says of itself, kept apart from the plugin. */
#include <stdlib.h>
#include "base/mem.h"
#include "plugin/module_internal.h"
#include "plugin/wire.h"

static void
copy_texts(struct cw_strv *to, const char *const *texts, size_t most)
{
	for (size_t i = 0; texts != NULL && texts[i] != NULL && i < most; i++)
		cw_strv_add_unique(to, texts[i]);
}

/* An option with what it points to; the other texts are the description's. */
struct owned_option {
	struct cw_plugin_option option;
	struct cw_strv choices;
};

static const char *
keep(struct cw_plugin_description *about, const char *text)
{
	if (text == NULL)
		return NULL;
	cw_strv_add(&about->texts, text);
	return about->texts.items[about->texts.count - 1];
}

void
cw_plugin_description_add(struct cw_plugin_description *about,
			  const struct cw_plugin_option *option)
{
	struct owned_option *owned = cw_alloc(sizeof(*owned));
	size_t count = about->option_count;

	owned->option = (struct cw_plugin_option){
		.size = sizeof(owned->option),
		.name = keep(about, option->name),
		.kind = option->kind,
		.default_value = keep(about, option->default_value),
		.metavar = keep(about, option->metavar),
		.help = keep(about, option->help),
		.fills_map = keep(about, option->fills_map),
	};
	if (CW_HAS(option, struct cw_plugin_option, environment)) {
		owned->option.flags = option->flags;
		owned->option.environment = keep(about, option->environment);
	}
	for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++)
		cw_strv_add(&owned->choices, option->choices[i]);
	if (option->choices != NULL)
		owned->option.choices = (const char *const *)cw_strv_items(&owned->choices);
	about->options = cw_realloc(about->options, count + 2, sizeof(*about->options));
	about->options[count] = &owned->option;
	about->options[count + 1] = NULL;
	about->option_count++;
}

struct cw_plugin_description *
cw_plugin_describe(const struct cw_plugin *plugin)
{
	struct cw_plugin_description *about = cw_alloc(sizeof(*about));
	const struct cw_authenticator *authenticator = plugin->authenticator;
	const struct cw_installer *installer = plugin->installer;

	about->version = cw_strdup(plugin->version);
	about->description = cw_strdup(plugin->description);
	about->help = cw_strdup(plugin->help);
	about->abi_major = plugin->abi_major;
	about->abi_minor = plugin->abi_minor;
	about->authenticator = authenticator != NULL;
	about->installer = installer != NULL;
	about->exclusive = plugin->exclusive_directory != NULL;
	if (authenticator != NULL) {
		copy_texts(&about->dns_types,
			   authenticator->challenge_types(NULL, "dns", "example.com"),
			   CW_PLUGIN_TYPES_MAX);
		copy_texts(&about->ip_types,
			   authenticator->challenge_types(NULL, "ip", "192.0.2.1"),
			   CW_PLUGIN_TYPES_MAX);
	}
	about->undeploys = installer != NULL && CW_HAS(installer, struct cw_installer, undeploy) &&
			   installer->undeploy != NULL;
	if (installer != NULL && installer->enhance != NULL)
		copy_texts(&about->enhancements, installer->enhancements,
			   CW_PLUGIN_ENHANCEMENTS_MAX);
	for (size_t i = 0; plugin->options != NULL && plugin->options[i] != NULL; i++)
		cw_plugin_description_add(about, plugin->options[i]);
	return about;
}

void
cw_plugin_description_free(struct cw_plugin_description *about)
{
	if (about == NULL)
		return;
	for (size_t i = 0; i < about->option_count; i++) {
		struct owned_option *owned = (struct owned_option *)(void *)about->options[i];

		cw_strv_clear(&owned->choices);
		free(owned);
	}
	free(about->options);
	cw_strv_clear(&about->dns_types);
	cw_strv_clear(&about->ip_types);
	cw_strv_clear(&about->enhancements);
	cw_strv_clear(&about->texts);
	free(about->version);
	free(about->description);
	free(about->help);
	free(about);
}

bool
cw_module_enhances(const struct cw_module *module, const char *enhancement)
{
	return cw_strv_contains(&module->about->enhancements, enhancement);
}
