#include "cli/complete.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/lookup.h"
#include "cli/parse.h"
#include "cli/verbs.h"
#include "store/lineage.h"

/* The command line, as far as it was read. */
struct line {
	struct cw_lookup lookup;
	const struct cw_verb *verb;      /* NULL: none yet */
	const struct cw_option *pending; /* its value may come next; NULL: none */
	struct cw_strv plugins;          /* those that it selects */
	char *config_dir;                /* NULL: the default */
	bool only_words;                 /* behind "--" */
	bool has_word;                   /* the verb's word was given (flow/verb.h) */
};

static void
offer(const char *start, const char *word, const char *description)
{
	if (!cw_starts_with(word, start))
		return;
	fputs(word, stdout);
	if (description != NULL)
		printf("\t%s", description);
	putchar('\n');
}

static void
offer_verbs(const char *start)
{
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++)
		offer(start, verb->name, verb->summary);
}

static void
offer_plugins(struct line *line, const char *start)
{
	for (size_t i = 0; i < cw_registry_count(line->lookup.registry); i++)
		offer(start, cw_registry_at(line->lookup.registry, i)->name, "plugin");
}

static void
offer_topics(struct line *line, const char *start)
{
	offer(start, "all", "everything");
	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		if (*topic->name != '\0')
			offer(start, topic->name, topic->title);
	offer_verbs(start);
	offer_plugins(line, start);
}

static void
offer_certificates(struct line *line, const char *start)
{
	const struct cw_option *option = cw_option_by_internal(line->lookup.set, "config_dir");
	cw_auto_strv struct cw_strv names = {0};
	const char *folder = line->config_dir != NULL ? line->config_dir : option->default_value;

	if (cw_lineage_list(folder, &names, NULL) != CW_OK)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (cw_lineage_check_name(names.items[i], NULL) == CW_OK)
			offer(start, names.items[i], NULL);
}

/* Of a list with commas, the last value is completed. */
static void
offer_choices(const struct cw_option *option, const char *start)
{
	const char *comma = option->kind == CW_OPTION_LIST ? strrchr(start, ',') : NULL;
	size_t kept = comma != NULL ? (size_t)(comma + 1 - start) : 0;

	for (const char *const *choice = option->choices; *choice != NULL; choice++) {
		cw_autofree char *word = cw_format("%.*s%s", (int)kept, start, *choice);

		offer(start, word, NULL);
	}
}

static bool
is_one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; word != NULL && i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* "files", "folders" or "words", for the value of OPTION. */
static const char *
kind_of_value(const struct cw_option *option)
{
	static const char *const folders[] = {"DIRECTORY", "FOLDER", "DIR"};
	static const char *const files[] = {"FILE", "COMMAND", "PROGRAM"};
	bool path = option->kind == CW_OPTION_PATH || option->kind == CW_OPTION_PATH_LIST;

	if (option->choices != NULL)
		return "words";
	if (is_one_of(option->metavar, folders, CW_COUNT(folders)))
		return "folders";
	if (path || is_one_of(option->metavar, files, CW_COUNT(files)))
		return "files";
	return "words";
}

static void
complete_value(struct line *line, const struct cw_option *option, const char *start)
{
	static const char *const selectors[] = {"authenticator", "installer", "configurator"};

	puts(kind_of_value(option));
	if (option->choices != NULL)
		offer_choices(option, start);
	else if (strcmp(option->internal, "help") == 0)
		offer_topics(line, start);
	else if (strcmp(option->internal, "certname") == 0)
		offer_certificates(line, start);
	else if (is_one_of(option->internal, selectors, CW_COUNT(selectors)))
		offer_plugins(line, start);
}

/* Options whose topics name verbs are for those; the others are for all. */
static bool
suits_verb(const struct cw_option *option, const struct cw_verb *verb)
{
	cw_auto_strv struct cw_strv topics = {0};
	bool names_verbs = false;

	if (verb == NULL || cw_option_has_topic(option, "") ||
	    cw_option_has_topic(option, verb->name))
		return true;
	cw_strv_split(&topics, option->topics, ' ');
	for (size_t i = 0; i < topics.count; i++)
		names_verbs = names_verbs || cw_verb_by_name(topics.items[i]) != NULL;
	return !names_verbs;
}

/* The first sentence of HELP, in one line and without its full stop. */
static char *
first_sentence(const char *help)
{
	const char *end = strstr(help, ". ");
	size_t length = end != NULL ? (size_t)(end - help) : strlen(help);
	char *sentence = cw_memdup(help, length);

	for (char *c = sentence; *c != '\0'; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	if (length > 0 && sentence[length - 1] == '.')
		sentence[length - 1] = '\0';
	return sentence;
}

/* A further spelling of the same option is offered only to somebody who began to type it. */
static void
offer_option(const struct cw_option *option, const char *start)
{
	for (const char *const *name = option->names; *name != NULL; name++) {
		cw_autofree char *word = cw_format("--%s", *name);

		if (cw_starts_with(word, start)) {
			cw_autofree char *description = first_sentence(option->help);

			offer(start, word, description);
			return;
		}
	}
}

static void
complete_option(struct line *line, const char *start)
{
	struct cw_lookup *lookup = &line->lookup;
	bool uses_plugins = line->verb == NULL || line->verb->plugins != CW_PLUGINS_NONE;

	if (uses_plugins && strlen(start) > 2)
		cw_lookup_add_modules(lookup, start + 2);
	for (size_t i = 0; uses_plugins && i < line->plugins.count; i++)
		cw_lookup_add_modules(lookup, line->plugins.items[i]);
	puts("words");
	for (size_t i = 0; i < cw_option_set_count(lookup->set); i++) {
		const struct cw_option *option = cw_option_set_at(lookup->set, i);

		if ((option->flags & (CW_OPT_HIDDEN | CW_OPT_IGNORED)) == 0 &&
		    suits_verb(option, line->verb))
			offer_option(option, start);
	}
}

/* The option NAME, or the only one that it abbreviates; NULL: none is known. */
static const struct cw_option *
find_option(struct line *line, const char *name)
{
	const struct cw_option *option = cw_option_by_name(line->lookup.set, name);

	if (option != NULL || *name == '\0')
		return option;
	cw_lookup_add_modules(&line->lookup, name);
	option = cw_option_by_name(line->lookup.set, name);
	if (option == NULL && cw_option_by_prefix(line->lookup.set, name, &option, 1) != 1)
		option = NULL;
	return option;
}

static void
note_value(struct line *line, const struct cw_option *option, const char *value)
{
	const char *home = getenv("HOME");

	if (strcmp(option->internal, "config_dir") == 0) {
		free(line->config_dir);
		line->config_dir = cw_starts_with(value, "~/") && home != NULL
					   ? cw_format("%s%s", home, value + 1)
					   : cw_path_absolute(value);
	} else if (option->metavar != NULL && strcmp(option->metavar, "PLUGIN") == 0) {
		cw_strv_add(&line->plugins, value);
	}
}

static bool
may_have_value(const struct cw_option *option)
{
	return option->kind != CW_OPTION_FLAG || strcmp(option->internal, "help") == 0;
}

/* VALUE is what was joined to the option; NULL: nothing. */
static void
note_option(struct line *line, const struct cw_option *option, const char *value)
{
	if (value != NULL)
		note_value(line, option, value);
	else if (may_have_value(option))
		line->pending = option;
	else if (cw_registry_has_file(line->lookup.registry, option->names[0]))
		cw_strv_add(&line->plugins, option->names[0]);
}

static void
read_letters(struct line *line, const char *letters)
{
	for (; *letters != '\0' && line->pending == NULL; letters++) {
		const struct cw_option *option;

		if (cw_lookup_short(&line->lookup, *letters, &option, NULL) != CW_OK)
			return;
		if (may_have_value(option) && letters[1] != '\0') {
			note_value(line, option, letters + 1);
			return;
		}
		note_option(line, option, NULL);
	}
}

/* The option of "--name" or "--name=value", and the value; NULL: there is none. */
static const struct cw_option *
split_option(struct line *line, const char *word, const char **value)
{
	size_t length = strcspn(word, "=");
	cw_autofree char *name = cw_memdup(word + 2, length - 2);

	*value = word[length] == '=' ? word + length + 1 : NULL;
	return find_option(line, name);
}

static void
read_word(struct line *line, const char *word)
{
	const struct cw_option *pending = cw_take(&line->pending);
	const struct cw_option *option;
	const char *value;

	if (pending != NULL && cw_is_option_value(word)) {
		note_value(line, pending, word);
	} else if (line->only_words || word[0] != '-') {
		if (line->verb == NULL)
			line->verb = cw_verb_by_name(word);
		else
			line->has_word = true;
		if (line->verb != NULL && cw_is_help(line->verb))
			line->pending = cw_option_by_internal(line->lookup.set, "help");
	} else if (strcmp(word, "--") == 0) {
		line->only_words = true;
	} else if (word[1] == '-') {
		option = split_option(line, word, &value);
		if (option != NULL)
			note_option(line, option, value);
	} else {
		read_letters(line, word + 1);
	}
}

/* The words behind a verb that reads them itself; BEFORE is the one before START. */
static void
complete_own_word(const struct cw_verb *verb, const char *before, const char *start)
{
	const struct cw_verb_option *option = verb->own_options;

	while (option->name != NULL &&
	       (!cw_starts_with(before, "--") || strcmp(option->name, before + 2) != 0))
		option++;
	if (option->name != NULL && option->metavar != NULL) {
		puts(strcmp(option->metavar, "DIR") == 0 ? "folders" : "words");
	} else if (start[0] == '-') {
		puts("words");
		for (option = verb->own_options; option->name != NULL; option++) {
			cw_autofree char *word = cw_format("--%s", option->name);
			cw_autofree char *description = first_sentence(option->help);

			offer(start, word, description);
		}
		offer(start, "--json", NULL);
	} else if (cw_verb_by_name(before) == verb) {
		puts("words");
		for (const char *const *action = verb->actions; *action != NULL; action++)
			offer(start, *action, NULL);
	} else {
		puts("files");
	}
}

static void
complete_word(struct line *line, const char *before, const char *start)
{
	const char *value = NULL;

	if (line->verb != NULL && line->verb->own_options != NULL) {
		complete_own_word(line->verb, before, start);
	} else if (line->pending != NULL && cw_is_option_value(start)) {
		complete_value(line, line->pending, start);
	} else if (cw_starts_with(start, "--") && strchr(start, '=') != NULL) {
		const struct cw_option *option = split_option(line, start, &value);

		if (option != NULL && may_have_value(option))
			complete_value(line, option, value);
	} else if (start[0] == '-' && !line->only_words) {
		complete_option(line, start);
	} else if (line->verb == NULL) {
		puts("words");
		offer_verbs(start);
	} else if (line->verb->word == CW_WORD_CERTIFICATE && !line->has_word) {
		puts("words");
		offer_certificates(line, start);
	} else if (line->verb->word == CW_WORD_PATH && !line->has_word) {
		puts("files");
	} else if (line->verb->word == CW_WORD_ACTION) {
		puts("words");
		for (const char *const *action = line->verb->actions;
		     *action != NULL && !line->has_word; action++)
			offer(start, *action, NULL);
		if (line->has_word)
			offer_certificates(line, start);
	}
}

int
cw_complete(int count, const char *const *words)
{
	struct line line = {.lookup = {.set = cw_core_options(), .registry = cw_registry_new()}};
	int last = count - 1;

	cw_lookup_add_plugin_options(&line.lookup);
	for (int i = 0; i < last; i++)
		read_word(&line, words[i]);
	if (count > 0)
		complete_word(&line, last > 0 ? words[last - 1] : "", words[last]);
	cw_strv_clear(&line.plugins);
	free(line.config_dir);
	cw_option_set_free(line.lookup.set);
	cw_plugin_flags_free(line.lookup.plugin_flags);
	cw_registry_free(line.lookup.registry);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
