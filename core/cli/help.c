#include "cli/help.h"
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "cli/help_page.h"
#include "cli/option_text.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "plugin/certbot_plugins.h"

static bool
begins_with_topic(const struct cw_option *option, const char *topic)
{
	cw_autofree char *first = cw_option_first_topic(option);

	return strcmp(first, topic) == 0;
}

/* Whether OPTION is a common option that belongs to no particular verb. */
static bool
concerns_all_verbs(const struct cw_option *option, const char *topic)
{
	cw_auto_strv struct cw_strv topics = {0};

	cw_strv_split(&topics, option->topics, ' ');
	for (size_t i = 0; i < topics.count; i++)
		if (cw_verb_by_name(topics.items[i]) != NULL)
			return false;
	return cw_option_has_topic(option, topic);
}

static const struct cw_topic *
topic_by_name(const char *name)
{
	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		if (*topic->name != '\0' && strcmp(topic->name, name) == 0)
			return topic;
	return NULL;
}

/* Adds the names of all modules, and of plugins whose options the core knows. */
static void
add_plugin_names(const struct cw_help_page *page, struct cw_strv *names)
{
	for (size_t i = 0; i < cw_registry_count(page->registry); i++)
		cw_strv_add_unique(names, cw_registry_at(page->registry, i)->name);
	for (size_t i = 0; i < cw_option_set_count(page->options); i++) {
		const struct cw_option *option = cw_option_set_at(page->options, i);
		cw_autofree char *first = cw_option_first_topic(option);

		if ((option->flags & (CW_OPT_PLUGIN | CW_OPT_HIDDEN)) == CW_OPT_PLUGIN)
			cw_strv_add_unique(names, first);
	}
	cw_strv_sort(names);
}

static void
write_plugin(const struct cw_help_page *page, const struct cw_module *module)
{
	const struct cw_plugin_description *about = module->about;

	fprintf(page->out, "%s", module->name);
	fprintf(page->out, " - %s\n\n", about->description);
	cw_help_wrap(page, about->help != NULL ? about->help : "", 0, 0);
	fputc('\n', page->out);
	if (about->authenticator)
		fprintf(page->out, "Authenticator: -a %s\n", module->name);
	if (about->installer)
		fprintf(page->out, "Installer: -i %s\n", module->name);
	if (cw_help_count_options(page, cw_option_has_topic, module->name) == 0)
		fprintf(page->out, "This plugin has no options of its own.\n");
	cw_help_options(page, "Options", NULL, cw_option_has_topic, module->name);
}

static int
plugin_help(const struct cw_help_page *page, const char *name, struct cw_error *error)
{
	struct cw_module *module;
	int status = cw_registry_open(page->registry, name, &module, error);

	if (status == CW_OK)
		status = cw_module_add_options(module, page->options, error);
	if (status == CW_OK)
		write_plugin(page, module);
	return status;
}

static void
usage(const struct cw_help_page *page, const char *verb)
{
	fprintf(page->out, "usage: certwright %s [OPTION]...\n", verb);
}

static void
list_verbs(const struct cw_help_page *page)
{
	cw_help_section(page, "Verbs", NULL);
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++) {
		cw_autofree char *term = cw_verb_heading(verb);

		cw_help_entry(page, term, verb->summary);
	}
}

static void
list_topics(const struct cw_help_page *page)
{
	cw_auto_strv struct cw_strv topics = {0}, plugins = {0};
	cw_autofree char *topic_list = NULL, *plugin_list = NULL;

	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		if (*topic->name != '\0')
			cw_strv_add(&topics, topic->name);
	add_plugin_names(page, &plugins);
	topic_list = cw_strv_join(&topics, " ");
	plugin_list = cw_strv_join(&plugins, " ");
	cw_help_section(page, "More help", "certwright help WORD, where WORD is one of:");
	cw_help_entry(page, "a verb", "the verbs above");
	cw_help_entry(page, "a topic", topic_list);
	cw_help_entry(page, "a plugin", plugin_list);
	cw_help_entry(page, "all", "everything");
}

static void
write_overview(const struct cw_help_page *page)
{
	usage(page, "[VERB]");
	fputc('\n', page->out);
	cw_help_wrap(page,
		     "Obtains, installs and renews TLS certificates from an ACME CA such as Let's "
		     "Encrypt. Options can be given before or after the verb and can be "
		     "abbreviated. The default verb is \"run\".",
		     0, 0);
	list_verbs(page);
	cw_help_options(page, "Common options", NULL, cw_option_has_topic, "");
	list_topics(page);
}

static void
write_own_options(const struct cw_help_page *page, const struct cw_verb *verb)
{
	cw_help_section(page, "Options", NULL);
	for (const struct cw_verb_option *option = verb->own_options; option->name != NULL;
	     option++) {
		cw_autofree char *term = cw_verb_option_heading(option);

		cw_help_entry(page, term, option->help);
	}
}

static void
write_verb(const struct cw_help_page *page, const struct cw_verb *verb)
{
	cw_autofree char *usage_line =
		cw_format("%s%s%s", verb->name, verb->arguments != NULL ? " " : "",
			  verb->arguments != NULL ? verb->arguments : "");

	usage(page, usage_line);
	fputc('\n', page->out);
	cw_help_wrap(page, verb->description, 0, 0);
	cw_help_options(page, "Options", NULL, cw_option_has_topic, verb->name);
	if (verb->own_options != NULL)
		write_own_options(page, verb);
	cw_help_options(page, "Options of all verbs", NULL, concerns_all_verbs, "");
	if (cw_is_help(verb))
		list_topics(page);
	else
		fprintf(page->out, "\nAll options: certwright help all\n");
}

static void
write_all(const struct cw_help_page *page)
{
	cw_auto_strv struct cw_strv plugins = {0};

	cw_registry_open_all(page->registry);
	for (size_t i = 0; i < cw_registry_count(page->registry); i++) {
		struct cw_module *module = cw_registry_at(page->registry, i);

		if (module->about != NULL)
			cw_module_add_options(module, page->options, NULL);
	}
	usage(page, "[VERB]");
	list_verbs(page);
	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		cw_help_options(page, topic->title, topic->summary, begins_with_topic, topic->name);
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++)
		cw_help_options(page, verb->title, NULL, begins_with_topic, verb->name);
	add_plugin_names(page, &plugins);
	for (size_t i = 0; i < plugins.count; i++) {
		cw_autofree char *title = cw_format("Plugin %s", plugins.items[i]);

		cw_help_options(page, title, NULL, begins_with_topic, plugins.items[i]);
	}
}

static int
fail_unknown(const struct cw_help_page *page, const char *name, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	cw_autofree char *package = NULL;
	const char *nearest;

	cw_strv_add(&names, "all");
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++)
		cw_strv_add(&names, verb->name);
	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		cw_strv_add(&names, topic->name);
	add_plugin_names(page, &names);
	nearest = cw_nearest(name, (const char *const *)cw_strv_items(&names));
	cw_fail(error, CW_E_USAGE, "there is no help for \"%s\"", name);
	package = cw_certbot_package(name);
	if (cw_is_cloud_dns(name))
		cw_hint(error,
			"install the package %s, which has this plugin of Certbot; or use dns-exec "
			"with a program of lego or acme.sh instead",
			package);
	else if (nearest != NULL)
		cw_hint(error, "did you mean \"%s\"?", nearest);
	else
		cw_hint(error, "\"certwright help\" lists all verbs and topics");
	return CW_E_USAGE;
}

static int
write_topic(const struct cw_help_page *page, const char *name, struct cw_error *error)
{
	const struct cw_verb *verb = cw_verb_by_name(name);
	const struct cw_topic *topic = topic_by_name(name);
	cw_autofree char *title = cw_format("Plugin %s", name);

	if (verb != NULL)
		write_verb(page, verb);
	else if (strcmp(name, "all") == 0)
		write_all(page);
	else if (topic != NULL)
		cw_help_options(page, topic->title, topic->summary, cw_option_has_topic, name);
	else if (cw_registry_has(page->registry, name))
		return plugin_help(page, name, error);
	else if (*name != '\0' && cw_help_count_options(page, begins_with_topic, name) > 0)
		cw_help_options(page, title, NULL, begins_with_topic, name);
	else
		return fail_unknown(page, name, error);
	return CW_OK;
}

int
cw_help_write(FILE *out, const char *topic, struct cw_option_set *options,
	      struct cw_registry *registry, struct cw_error *error)
{
	const struct cw_help_page page = {
		.out = out,
		.width = cw_help_width(out),
		.options = options,
		.registry = registry,
	};
	int status = CW_OK;

	if (topic == NULL)
		write_overview(&page);
	else
		status = write_topic(&page, topic, error);
	return status;
}
