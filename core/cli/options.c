#include "cli/options.h"
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/options_tables.h"

const struct cw_topic cw_topics[] = {
	{"", "Common options", NULL},
	{"automation", "Automation", "For scripts, timers and configuration files."},
	{"security", "Security", "Keys, and how strictly a server enforces TLS."},
	{"testing", "Testing", "For tests and for unusual networks."},
	{"paths", "Paths", "Directories, files and servers."},
	{"manage", "Managing certificates", "For existing certificates."},
	{NULL, NULL, NULL},
};

bool
cw_option_has_topic(const struct cw_option *option, const char *topic)
{
	size_t length = strlen(topic);
	const char *rest = option->topics;

	/* Common options have a blank in front of their other topics, or none at all. */
	if (length == 0)
		return *rest == '\0' || *rest == ' ';
	while ((rest = strstr(rest, topic)) != NULL) {
		bool begins = rest == option->topics || rest[-1] == ' ';

		rest += length;
		if (begins && (*rest == '\0' || *rest == ' '))
			return true;
	}
	return false;
}

static void
add_all(struct cw_option_set *set, const struct cw_option *options)
{
	for (; options->names != NULL; options++)
		cw_option_set_add(set, options, NULL);
}

struct cw_option_set *
cw_core_options(void)
{
	static const struct cw_option *const parts[] = {
		cw_options_general, cw_options_request, cw_options_security,
		cw_options_renewal, cw_options_manage,  cw_options_select,
		cw_options_own,     cw_options_report,  cw_options_agent,
	};
	struct cw_option_set *set = cw_option_set_new();

	for (size_t i = 0; i < CW_COUNT(parts); i++)
		add_all(set, parts[i]);
	return set;
}

/* A flag --NAME of a plugin that is not opened for it, with the strings it points to. */
struct plugin_flag {
	struct cw_option option;
	const char *names[2];
	char *name, *internal, *help;
};

struct cw_plugin_flags {
	struct plugin_flag **flags;
	size_t count;
};

static void
free_flag(struct plugin_flag *flag)
{
	free(flag->name);
	free(flag->internal);
	free(flag->help);
	free(flag);
}

static void
add_flag(struct cw_plugin_flags *plugin_flags, struct cw_option_set *set, const char *plugin)
{
	struct plugin_flag *flag = cw_alloc(sizeof(*flag));

	flag->name = cw_strdup(plugin);
	flag->internal = cw_replace_char(cw_strdup(plugin), '-', '_');
	flag->help = cw_format("Use the plugin \"%s\".", plugin);
	flag->names[0] = flag->name;
	flag->option = (struct cw_option){
		.names = flag->names,
		.kind = CW_OPTION_FLAG,
		.internal = flag->internal,
		.default_value = "False",
		.topics = "plugins",
		.help = flag->help,
	};
	if (cw_option_by_internal(set, flag->internal) != NULL ||
	    cw_option_set_add(set, &flag->option, NULL) != CW_OK) {
		cw_log_debug("the plugin \"%s\" has the name of an option: it can only be selected "
			     "with -a or -i",
			     plugin);
		free_flag(flag);
		return;
	}
	plugin_flags->flags = cw_realloc(plugin_flags->flags, plugin_flags->count + 1,
					 sizeof(struct plugin_flag *));
	plugin_flags->flags[plugin_flags->count++] = flag;
}

/* The flags that select modules, where they are not there yet. */
static void
add_flags(struct cw_plugin_flags *plugin_flags, struct cw_option_set *set,
	  struct cw_registry *registry)
{
	for (size_t i = 0; i < cw_registry_count(registry); i++) {
		const char *name = cw_registry_at(registry, i)->name;

		if (cw_option_by_name(set, name) == NULL)
			add_flag(plugin_flags, set, name);
	}
}

static void
add_missing(struct cw_option_set *set, const struct cw_option *options)
{
	for (const struct cw_option *option = options; option->names != NULL; option++)
		if (cw_option_by_name(set, option->names[0]) == NULL)
			cw_option_set_add(set, option, NULL);
}

struct cw_plugin_flags *
cw_add_plugin_options(struct cw_option_set *set, struct cw_registry *registry)
{
	struct cw_plugin_flags *plugin_flags = cw_alloc(sizeof(*plugin_flags));

	for (const struct cw_known_plugin *known = cw_known_plugins; known->name != NULL; known++)
		if (known->options != NULL &&
		    (registry == NULL || (!cw_is_cloud_dns(known->name) &&
					  !cw_registry_has_file(registry, known->name))))
			add_all(set, known->options);
	if (registry != NULL)
		add_flags(plugin_flags, set, registry);
	return plugin_flags;
}

void
cw_add_certbots_options(struct cw_plugin_flags *plugin_flags, struct cw_option_set *set,
			struct cw_registry *registry)
{
	cw_registry_add_certbots(registry);
	add_flags(plugin_flags, set, registry);
	for (const struct cw_known_plugin *known = cw_known_plugins; known->name != NULL; known++)
		if (cw_is_cloud_dns(known->name) && !cw_registry_has(registry, known->name))
			add_missing(set, known->options);
}

void
cw_plugin_flags_free(struct cw_plugin_flags *plugin_flags)
{
	if (plugin_flags == NULL)
		return;
	for (size_t i = 0; i < plugin_flags->count; i++)
		free_flag(plugin_flags->flags[i]);
	free(plugin_flags->flags);
	free(plugin_flags);
}

bool
cw_is_cloud_dns(const char *plugin)
{
	for (const char *const *name = cw_cloud_dns; *name != NULL; name++)
		if (strcmp(*name, plugin) == 0)
			return true;
	return false;
}

const char *
cw_known_plugin_of(const char *option_name)
{
	for (const struct cw_known_plugin *known = cw_known_plugins; known->name != NULL; known++)
		if (cw_starts_with(option_name, known->name) &&
		    option_name[strlen(known->name)] == '-')
			return known->name;
	return NULL;
}
