#include "cli/help.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/text.h"
#include "cli/option_text.h"
#include "cli/options.h"
#include "cli/verbs.h"

enum { WIDTH_NO_TERMINAL = 80, WIDTH_MIN = 40, WIDTH_MAX = 120, COLUMN = 24 };

/* What a help text is written with and from. */
struct page {
	FILE *out;
	size_t width;
	struct cw_option_set *options;
	struct cw_registry *registry;
};

static size_t
terminal_width(FILE *out)
{
	struct winsize size;
	int descriptor = fileno(out);

	if (descriptor < 0 || !isatty(descriptor) || ioctl(descriptor, TIOCGWINSZ, &size) < 0 ||
	    size.ws_col == 0)
		return WIDTH_NO_TERMINAL;
	if (size.ws_col < WIDTH_MIN)
		return WIDTH_MIN;
	return size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}

/* ---- text ---- */

/* Columns of LENGTH bytes of UTF-8. */
static size_t
columns(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

static void
blanks(const struct page *page, size_t count)
{
	fprintf(page->out, "%*s", (int)count, "");
}

/* Writes TEXT in lines that begin at column INDENT; the cursor is at column AT. */
static void
wrap(const struct page *page, const char *text, size_t at, size_t indent)
{
	size_t column = at;
	bool first = true;

	while (*(text += strspn(text, " \n")) != '\0') {
		size_t length = strcspn(text, " \n");
		size_t wide = columns(text, length);

		if (!first && column + 1 + wide > page->width) {
			fputc('\n', page->out);
			column = 0;
		} else if (!first) {
			fputc(' ', page->out);
			column++;
		}
		if (column < indent) {
			blanks(page, indent - column);
			column = indent;
		}
		fprintf(page->out, "%.*s", (int)length, text);
		column += wide;
		text += length;
		first = false;
	}
	fputc('\n', page->out);
}

/* A term and what it means beside it, or below where the term is long. */
static void
entry(const struct page *page, const char *term, const char *meaning)
{
	size_t at = 2 + columns(term, strlen(term));

	fprintf(page->out, "  %s", term);
	if (at + 2 > COLUMN) {
		fputc('\n', page->out);
		at = 0;
	}
	wrap(page, meaning, at, COLUMN);
}

static void
option_entry(const struct page *page, const struct cw_option *option)
{
	cw_autofree char *heading = cw_option_heading(option);
	cw_autofree char *description = cw_option_description(option);

	entry(page, heading, description);
}

static void
section(const struct page *page, const char *title, const char *summary)
{
	fprintf(page->out, "\n%s:\n", title);
	if (summary != NULL)
		wrap(page, summary, 0, 2);
}

/* ---- options in groups ---- */

typedef bool (*option_filter)(const struct cw_option *option, const char *topic);

static bool
begins_with_topic(const struct cw_option *option, const char *topic)
{
	cw_autofree char *first = cw_option_first_topic(option);

	return strcmp(first, topic) == 0;
}

/* A common option that concerns no verb more than another. */
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

static size_t
count_options(const struct page *page, option_filter filter, const char *topic)
{
	size_t count = 0;

	for (size_t i = 0; i < cw_option_set_count(page->options); i++) {
		const struct cw_option *option = cw_option_set_at(page->options, i);

		count += (option->flags & CW_OPT_HIDDEN) == 0 && filter(option, topic);
	}
	return count;
}

/* The options that FILTER passes, under TITLE; nothing where there are none. */
static void
options_section(const struct page *page, const char *title, const char *summary,
		option_filter filter, const char *topic)
{
	if (count_options(page, filter, topic) == 0)
		return;
	section(page, title, summary);
	for (size_t i = 0; i < cw_option_set_count(page->options); i++) {
		const struct cw_option *option = cw_option_set_at(page->options, i);

		if ((option->flags & CW_OPT_HIDDEN) == 0 && filter(option, topic))
			option_entry(page, option);
	}
}

static const struct cw_topic *
topic_by_name(const char *name)
{
	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		if (*topic->name != '\0' && strcmp(topic->name, name) == 0)
			return topic;
	return NULL;
}

/* ---- plugins ---- */

/* The plugins that can be asked for: the modules there are, and those whose options the core knows
 * of. */
static void
add_plugin_names(const struct page *page, struct cw_strv *names)
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
write_plugin(const struct page *page, const struct cw_module *module)
{
	const struct cw_plugin *plugin = module->plugin;

	fprintf(page->out, "%s", module->name);
	if (plugin->description != NULL)
		fprintf(page->out, " - %s", plugin->description);
	fprintf(page->out, "\n\n");
	wrap(page, plugin->help != NULL ? plugin->help : "", 0, 0);
	fputc('\n', page->out);
	if (plugin->authenticator != NULL)
		fprintf(page->out, "Authenticator: -a %s\n", module->name);
	if (plugin->installer != NULL)
		fprintf(page->out, "Installer: -i %s\n", module->name);
	if (count_options(page, cw_option_has_topic, module->name) == 0)
		fprintf(page->out, "It has no options of its own.\n");
	options_section(page, "Options", NULL, cw_option_has_topic, module->name);
}

static int
plugin_help(const struct page *page, const char *name, struct cw_error *error)
{
	struct cw_module *module;
	int status = cw_registry_open(page->registry, name, &module, error);

	if (status == CW_OK)
		status = cw_module_add_options(module, page->options, error);
	if (status == CW_OK)
		write_plugin(page, module);
	return status;
}

/* ---- the pages ---- */

static void
usage(const struct page *page, const char *verb)
{
	fprintf(page->out, "usage: certwright %s [OPTION]...\n", verb);
}

static void
list_verbs(const struct page *page)
{
	section(page, "Verbs", NULL);
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++) {
		bool missing = verb->flow == NULL && strcmp(verb->name, "help") != 0;
		cw_autofree char *term = verb->alias != NULL
						 ? cw_format("%s, %s", verb->name, verb->alias)
						 : cw_strdup(verb->name);
		cw_autofree char *summary =
			cw_format("%s%s", verb->summary, missing ? " (not in this version)" : "");

		entry(page, term, summary);
	}
}

static void
list_topics(const struct page *page)
{
	cw_auto_strv struct cw_strv topics = {0}, plugins = {0};
	cw_autofree char *topic_list = NULL, *plugin_list = NULL;

	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		if (*topic->name != '\0' && cw_verb_by_name(topic->name) == NULL)
			cw_strv_add(&topics, topic->name);
	add_plugin_names(page, &plugins);
	topic_list = cw_strv_join(&topics, " ");
	plugin_list = cw_strv_join(&plugins, " ");
	section(page, "More help", "certwright help WORD, where WORD is one of:");
	entry(page, "a verb", "the verbs above");
	entry(page, "a topic", topic_list);
	entry(page, "a plugin", plugin_list);
	entry(page, "all", "everything");
}

static void
write_overview(const struct page *page)
{
	usage(page, "[VERB]");
	fputc('\n', page->out);
	wrap(page,
	     "Obtains, installs and renews TLS certificates from a CA that speaks ACME, such as "
	     "Let's Encrypt. Options may stand before or behind the verb and may be abbreviated; "
	     "without a verb it is \"run\".",
	     0, 0);
	list_verbs(page);
	options_section(page, "Common options", NULL, cw_option_has_topic, "");
	list_topics(page);
}

static void
write_verb(const struct page *page, const struct cw_verb *verb)
{
	bool help = strcmp(verb->name, "help") == 0;

	usage(page, help ? "help [TOPIC]" : verb->name);
	fputc('\n', page->out);
	wrap(page, verb->description, 0, 0);
	if (verb->flow == NULL && !help)
		wrap(page, "This verb is not available in this version.", 0, 0);
	options_section(page, "Options", NULL, cw_option_has_topic, verb->name);
	options_section(page, "Options of all verbs", NULL, concerns_all_verbs, "");
	if (help)
		list_topics(page);
	else
		fprintf(page->out, "\nAll options: certwright help all\n");
}

static void
write_all(const struct page *page)
{
	cw_auto_strv struct cw_strv plugins = {0};

	cw_registry_open_all(page->registry);
	for (size_t i = 0; i < cw_registry_count(page->registry); i++) {
		struct cw_module *module = cw_registry_at(page->registry, i);

		if (module->plugin != NULL)
			cw_module_add_options(module, page->options, NULL);
	}
	usage(page, "[VERB]");
	list_verbs(page);
	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		options_section(page, topic->title, topic->summary, begins_with_topic, topic->name);
	add_plugin_names(page, &plugins);
	for (size_t i = 0; i < plugins.count; i++) {
		cw_autofree char *title = cw_format("Plugin %s", plugins.items[i]);

		options_section(page, title, NULL, begins_with_topic, plugins.items[i]);
	}
}

static int
fail_unknown(const struct page *page, const char *name, struct cw_error *error)
{
	cw_auto_strv struct cw_strv names = {0};
	const char *nearest;

	cw_strv_add(&names, "all");
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++)
		cw_strv_add(&names, verb->name);
	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		cw_strv_add(&names, topic->name);
	add_plugin_names(page, &names);
	nearest = cw_nearest(name, (const char *const *)cw_strv_items(&names));
	cw_fail(error, CW_E_USAGE, "there is no help on \"%s\"", name);
	if (cw_is_cloud_dns(name))
		cw_hint(error, "certwright has no such plugin; dns-exec can do the same with the "
			       "help of a lego or acme.sh program");
	else if (nearest != NULL)
		cw_hint(error, "did you mean \"%s\"?", nearest);
	else
		cw_hint(error, "\"certwright help\" lists what there is help on");
	return CW_E_USAGE;
}

static bool
has_module(const struct page *page, const char *name)
{
	for (size_t i = 0; i < cw_registry_count(page->registry); i++)
		if (strcmp(cw_registry_at(page->registry, i)->name, name) == 0)
			return true;
	return false;
}

static int
write_topic(const struct page *page, const char *name, struct cw_error *error)
{
	const struct cw_verb *verb = cw_verb_by_name(name);
	const struct cw_topic *topic = topic_by_name(name);
	cw_autofree char *title = cw_format("Plugin %s", name);

	if (verb != NULL)
		write_verb(page, verb);
	else if (strcmp(name, "all") == 0)
		write_all(page);
	else if (topic != NULL)
		options_section(page, topic->title, topic->summary, cw_option_has_topic, name);
	else if (has_module(page, name))
		return plugin_help(page, name, error);
	else if (*name != '\0' && count_options(page, begins_with_topic, name) > 0)
		options_section(page, title, NULL, begins_with_topic, name);
	else
		return fail_unknown(page, name, error);
	return CW_OK;
}

int
cw_help_write(FILE *out, const char *topic, struct cw_option_set *options,
	      struct cw_registry *registry, struct cw_error *error)
{
	const struct page page = {
		.out = out,
		.width = terminal_width(out),
		.options = options,
		.registry = registry,
	};
	int status = CW_OK;

	if (topic == NULL)
		write_overview(&page);
	else
		status = write_topic(&page, topic, error);
	if (status == CW_OK && (fflush(out) != 0 || ferror(out)))
		status = cw_fail_errno(error, errno != 0 ? errno : EIO,
				       "the help could not be written");
	return status;
}
