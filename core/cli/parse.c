#include "cli/parse.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "cli/config_files.h"
#include "cli/ini.h"
#include "cli/select.h"

/* The command line while it is read. */
struct parser {
	int argc;
	const char *const *argv;
	int at; /* the next argument */
	bool only_words;
	bool unknown_verb;
	bool help_option; /* as against the verb */
	struct cw_lookup lookup;
	struct cw_invocation *invocation;
	struct cw_given_options given;
	struct cw_error *error; /* gets the first error */
	int status;
};

/* Keeps the first error; reading goes on, for --json and --quiet. */
static void
note(struct parser *parser, int status, struct cw_error *error)
{
	if (status == CW_OK || parser->status != CW_OK)
		return;
	parser->status = status;
	if (parser->error != NULL)
		cw_error_move(parser->error, error);
}

static const char *
next_argument(const struct parser *parser)
{
	return parser->at < parser->argc ? parser->argv[parser->at] : NULL;
}

bool
cw_is_option_value(const char *argument)
{
	const char *digits = argument + 1;

	if (argument[0] != '-' || argument[1] == '\0')
		return true;
	return digits[strspn(digits, "0123456789")] == '\0';
}

static void
set(struct parser *parser, const struct cw_option *option, const char *value)
{
	cw_auto_error struct cw_error error = {0};
	int status = cw_config_set(parser->invocation->settings, &parser->given, option,
				   CW_SOURCE_COMMAND, value, &error);

	note(parser, status, &error);
}

static void
set_topic(struct parser *parser, const char *topic)
{
	free(parser->invocation->help_topic);
	parser->invocation->help_topic = cw_strdup(topic);
}

/* --help and --version; --help may have a topic behind it. */
static void
set_flag(struct parser *parser, const struct cw_option *option)
{
	struct cw_invocation *invocation = parser->invocation;
	const char *next = next_argument(parser);

	set(parser, option, (option->flags & CW_OPT_NEGATIVE) != 0 ? "0" : "1");
	if (strcmp(option->internal, "version") == 0)
		invocation->version = true;
	if (strcmp(option->internal, "help") != 0)
		return;
	invocation->help = parser->help_option = true;
	if (next != NULL && next[0] != '-' && next[0] != '\0') {
		set_topic(parser, next);
		parser->at++;
	}
}

/* SHOWN is the option as it was typed; VALUE what was joined to it, NULL: nothing. */
static void
use_option(struct parser *parser, const struct cw_option *option, const char *shown,
	   const char *value)
{
	cw_auto_error struct cw_error error = {0};
	bool flag = option->kind == CW_OPTION_FLAG;

	if (flag && value != NULL && strcmp(option->internal, "help") == 0) {
		parser->invocation->help = parser->help_option = true;
		set_topic(parser, value);
	} else if (flag && value != NULL) {
		cw_fail(&error, CW_E_USAGE, "the option \"%s\" takes no value", shown);
		note(parser, CW_E_USAGE, &error);
	} else if (flag) {
		set_flag(parser, option);
	} else if (value != NULL) {
		set(parser, option, value);
	} else if (next_argument(parser) != NULL && cw_is_option_value(next_argument(parser))) {
		set(parser, option, parser->argv[parser->at++]);
	} else {
		cw_fail(&error, CW_E_USAGE, "the option \"%s\" needs a value", shown);
		if (next_argument(parser) != NULL && strlen(shown) > 2)
			cw_hint(&error, "join a value that begins with '-' to the option: %s=-...",
				shown);
		note(parser, CW_E_USAGE, &error);
	}
}

static void
parse_long(struct parser *parser, const char *argument)
{
	const char *equals = strchr(argument, '=');
	size_t length = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
	cw_autofree char *name = cw_memdup(argument, length);
	cw_auto_error struct cw_error error = {0};
	const struct cw_option *option;
	int status = cw_lookup_name(&parser->lookup, name, "--", &option, &error);

	if (status == CW_OK) {
		cw_autofree char *shown = cw_format("--%s", name);

		use_option(parser, option, shown, equals != NULL ? equals + 1 : NULL);
	} else {
		note(parser, status, &error);
	}
}

/* A group: flags first, and one that takes a value last, with the value behind it. */
static void
parse_short(struct parser *parser, const char *letters)
{
	while (*letters != '\0') {
		char shown[] = {'-', *letters, '\0'};
		cw_auto_error struct cw_error error = {0};
		const struct cw_option *option;
		int status = cw_lookup_short(&parser->lookup, *letters++, &option, &error);

		if (status != CW_OK) {
			note(parser, status, &error);
			return;
		}
		if (option->kind == CW_OPTION_FLAG && *letters != '\0' && *letters != '=') {
			/* A topic stands apart from -h. */
			if (strcmp(option->internal, "help") == 0)
				parser->invocation->help = parser->help_option = true;
			else
				set_flag(parser, option);
			continue;
		}
		if (*letters == '=')
			letters++;
		else if (*letters == '\0')
			letters = NULL;
		use_option(parser, option, shown, letters);
		return;
	}
}

static void
unknown_verb(struct parser *parser, const char *word)
{
	cw_auto_error struct cw_error error = {0};
	cw_auto_strv struct cw_strv names = {0};
	const char *nearest;

	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++) {
		cw_strv_add(&names, verb->name);
		if (verb->alias != NULL)
			cw_strv_add(&names, verb->alias);
	}
	nearest = cw_nearest(word, (const char *const *)cw_strv_items(&names));
	cw_fail(&error, CW_E_USAGE, "there is no verb \"%s\"", word);
	if (nearest != NULL)
		cw_hint(&error, "did you mean \"%s\"?", nearest);
	else if (strchr(word, '.') != NULL)
		cw_hint(&error, "give domain names with -d");
	else
		cw_hint(&error, "see: certwright help");
	note(parser, CW_E_USAGE, &error);
	parser->unknown_verb = true;
}

/* How many words it takes. */
static size_t
words_of(const struct cw_verb *verb)
{
	switch (verb->word) {
	case CW_WORD_NONE: return 0;
	case CW_WORD_ACTION: return 2;
	default: return 1;
	}
}

static void
parse_word(struct parser *parser, const char *word)
{
	struct cw_invocation *invocation = parser->invocation;
	cw_auto_error struct cw_error error = {0};

	if (invocation->verb == NULL && !parser->unknown_verb) {
		invocation->verb = cw_verb_by_name(word);
		if (invocation->verb == NULL)
			unknown_verb(parser, word);
		else if (cw_is_help(invocation->verb))
			invocation->help = true;
		return;
	}
	if (invocation->verb != NULL && cw_is_help(invocation->verb) &&
	    invocation->help_topic == NULL) {
		set_topic(parser, word);
		return;
	}
	if (invocation->verb != NULL && invocation->words.count < words_of(invocation->verb)) {
		cw_strv_add(&invocation->words, word);
		return;
	}
	cw_fail(&error, CW_E_USAGE, "unexpected argument \"%s\"", word);
	if (invocation->verb != NULL && invocation->verb->word != CW_WORD_NONE)
		cw_hint(&error, "see: certwright help %s", invocation->verb->name);
	else if (strchr(word, '.') != NULL)
		cw_hint(&error, "give domain names with -d");
	else if (invocation->verb != NULL)
		cw_hint(&error, "give only one verb; this command already has \"%s\"",
			invocation->verb->name);
	note(parser, CW_E_USAGE, &error);
}

/* Whether ARGUMENT is for the verb, which reads its words itself. These options are for all. */
static bool
is_own_word(const struct parser *parser, const char *argument)
{
	static const char *const common[] = {"--json", "--quiet",   "-q",  "--help", "-h",
					     "-v",     "--verbose", "-vv", "--debug"};
	const struct cw_verb *verb = parser->invocation->verb;

	if (verb == NULL || verb->own_options == NULL)
		return false;
	for (size_t i = 0; i < CW_COUNT(common) && !parser->only_words; i++)
		if (strcmp(argument, common[i]) == 0)
			return false;
	return true;
}

static void
parse_arguments(struct parser *parser)
{
	while (parser->at < parser->argc) {
		const char *argument = parser->argv[parser->at++];

		if (is_own_word(parser, argument)) {
			parser->only_words |= strcmp(argument, "--") == 0;
			cw_strv_add(&parser->invocation->words, argument);
		} else if (parser->only_words || argument[0] != '-' || argument[1] == '\0') {
			parse_word(parser, argument);
		} else if (strcmp(argument, "--") == 0) {
			parser->only_words = true;
		} else if (argument[1] == '-') {
			parse_long(parser, argument + 2);
		} else {
			parse_short(parser, argument + 1);
		}
	}
}

static int
read_config(struct parser *parser, struct cw_error *error)
{
	struct cw_settings *settings = parser->invocation->settings;
	const char *file = cw_settings_get(settings, "config_file");
	cw_auto_strv struct cw_strv paths = {0};

	if (file != NULL)
		cw_strv_add(&paths, file);
	else
		cw_ini_default_paths(&paths);
	return cw_config_read(&paths, file == NULL, &parser->lookup, settings, &parser->given,
			      error);
}

/* Of a repeated --cert-name the last one counts, but where the verb takes several. */
static int
join_names(struct parser *parser, struct cw_error *error)
{
	static const char internal[] = "certname";
	cw_auto_strv struct cw_strv names = {0};
	cw_autofree char *list = NULL;

	for (size_t i = 0; i < parser->given.count; i++) {
		const struct cw_given_option *item = &parser->given.items[i];

		if (item->source == CW_SOURCE_COMMAND &&
		    strcmp(item->option->internal, internal) == 0)
			cw_strv_add(&names, item->value);
	}
	if (!parser->invocation->verb->several || names.count < 2)
		return CW_OK;
	list = cw_strv_join(&names, ",");
	return cw_settings_set(parser->invocation->settings, internal, CW_SOURCE_COMMAND, list,
			       error);
}

/* What the options mean together. */
static int
conclude(struct parser *parser, struct cw_error *error)
{
	struct cw_invocation *invocation = parser->invocation;
	int status;

	if (invocation->verb->own_options != NULL)
		return CW_OK;
	if (invocation->verb->word == CW_WORD_PATH && invocation->words.count == 0) {
		cw_fail(error, CW_E_USAGE, "the path for \"%s\" is missing",
			invocation->verb->name);
		cw_hint(error, "certwright %s %s", invocation->verb->name,
			invocation->verb->arguments);
		return CW_E_USAGE;
	}
	cw_lookup_add_plugin_options(&parser->lookup);
	status = read_config(parser, error);
	if (status == CW_OK)
		status = join_names(parser, error);
	if (status == CW_OK)
		status = cw_given_options_fill_maps(&parser->given, invocation->settings,
						    parser->lookup.registry,
						    !invocation->verb->keeps_names, error);
	if (status == CW_OK)
		status = cw_select_plugins(invocation->verb, invocation->settings,
					   parser->lookup.registry, error);
	if (status == CW_OK)
		cw_given_options_warn(&parser->given);
	return status;
}

/* The verb there is, and the topic that --help has without one of its own. */
static void
conclude_words(struct parser *parser)
{
	struct cw_invocation *invocation = parser->invocation;
	bool named = invocation->verb != NULL && !cw_is_help(invocation->verb);

	if (parser->help_option && named && invocation->help_topic == NULL)
		set_topic(parser, invocation->verb->name);
	if (invocation->verb == NULL && !parser->unknown_verb)
		invocation->verb = &cw_verbs[0];
}

/* The values of -a, -i and their long names, wherever they stand: for saying what is wrong. */
static void
find_named_plugins(int argc, const char *const *argv, struct cw_strv *named)
{
	static const char *const options[] = {"-a", "-i", "--authenticator", "--installer",
					      "--configurator"};

	for (int i = 1; i < argc; i++) {
		for (size_t j = 0; j < CW_COUNT(options); j++) {
			size_t length = strlen(options[j]);

			if (strncmp(argv[i], options[j], length) != 0)
				continue;
			if (argv[i][length] == '=')
				cw_strv_add(named, argv[i] + length + 1);
			else if (argv[i][length] == '\0' && i + 1 < argc)
				cw_strv_add(named, argv[i + 1]);
		}
	}
}

int
cw_parse(int argc, const char *const *argv, struct cw_registry *registry,
	 struct cw_invocation *invocation, struct cw_error *error)
{
	cw_auto_error struct cw_error latest = {0};
	cw_auto_strv struct cw_strv named = {0};
	struct parser parser = {
		.argc = argc,
		.argv = argv,
		.at = 1,
		.invocation = invocation,
		.error = error,
	};

	*invocation = (struct cw_invocation){.options = cw_core_options()};
	invocation->settings = cw_settings_new(invocation->options);
	find_named_plugins(argc, argv, &named);
	parser.lookup = (struct cw_lookup){
		.set = invocation->options, .registry = registry, .named = &named};
	parse_arguments(&parser);
	conclude_words(&parser);
	if (invocation->help)
		cw_lookup_add_plugin_options(&parser.lookup);
	if (parser.status == CW_OK && !invocation->help && !invocation->version) {
		int status = conclude(&parser, &latest);

		note(&parser, status, &latest);
	}
	invocation->plugin_flags = parser.lookup.plugin_flags;
	cw_given_options_clear(&parser.given);
	return parser.status;
}

void
cw_invocation_clear(struct cw_invocation *invocation)
{
	cw_settings_free(invocation->settings);
	cw_option_set_free(invocation->options);
	cw_plugin_flags_free(invocation->plugin_flags);
	free(invocation->help_topic);
	cw_strv_clear(&invocation->words);
	*invocation = (struct cw_invocation){0};
}
