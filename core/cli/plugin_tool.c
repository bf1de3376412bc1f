#include "cli/plugin_tool.h"
#include <getopt.h>
#include <string.h>
#include "base/text.h"
#include "flow/context.h"
#include "flow/kit/check.h"
#include "flow/kit/new.h"

/* The numbers of getopt_long(): above those of characters. */
enum { AUTHENTICATOR = 256, INSTALLER, BOTH, TO, LANGUAGE, SECONDS };

/* How long a call may take. */
#define SECONDS_DEFAULT 30
#define SECONDS_MAX 3600

const struct cw_verb_option cw_plugin_tool_options[] = {
	{AUTHENTICATOR, "authenticator", NULL, "For new: the plugin proves control of names."},
	{INSTALLER, "installer", NULL, "For new: the plugin has a server use certificates."},
	{BOTH, "both", NULL, "For new: the plugin does both."},
	{TO, "to", "DIR", "For new: the folder to make. It may exist if it is empty."},
	{LANGUAGE, "language", "LANGUAGE",
	 "For new: \"c\" (the default), \"c++\" or \"rust\" (without crates)."},
	{SECONDS, "seconds", "SECONDS",
	 "For check: how long a call may show no sign of life. The default is 30."},
	{0, NULL, NULL, NULL},
};

const char *const cw_plugin_tool_actions[] = {"new", "check", NULL};

/* What the words say. */
struct words {
	const char *action;
	const char *name;
	struct cw_plugin_project project;
	uint64_t seconds;
	struct cw_strv rest; /* behind "--" */
};

static int
usage(struct cw_error *error)
{
	cw_hint(error, "see: certwright help plugin");
	return CW_E_USAGE;
}

static void
make_long_options(struct option *options)
{
	size_t count = 0;

	for (const struct cw_verb_option *option = cw_plugin_tool_options; option->name != NULL;
	     option++)
		options[count++] = (struct option){
			.name = option->name,
			.has_arg = option->metavar != NULL ? required_argument : no_argument,
			.val = option->number,
		};
	options[count] = (struct option){0};
}

static int
take_language(struct words *words, const char *language, struct cw_error *error)
{
	cw_autofree char *lower = cw_lower(cw_strdup(language));

	for (const char *const *known = cw_plugin_languages; *known != NULL; known++) {
		if (strcmp(lower, *known) == 0) {
			words->project.language = *known;
			return CW_OK;
		}
	}
	cw_fail(error, CW_E_USAGE, "there are no templates for the language \"%s\"", language);
	cw_hint(error, "the languages are c, c++ and rust");
	return CW_E_USAGE;
}

static int
take_option(struct words *words, int number, const char *typed, struct cw_error *error)
{
	switch (number) {
	case AUTHENTICATOR: words->project.authenticator = true; return CW_OK;
	case INSTALLER: words->project.installer = true; return CW_OK;
	case BOTH: words->project.authenticator = words->project.installer = true; return CW_OK;
	case TO: words->project.folder = optarg; return CW_OK;
	case LANGUAGE: return take_language(words, optarg, error);
	case SECONDS:
		if (cw_parse_uint(optarg, SECONDS_MAX, &words->seconds) && words->seconds > 0)
			return CW_OK;
		cw_fail(error, CW_E_USAGE, "\"%s\" is not a number of seconds", optarg);
		break;
	case ':': cw_fail(error, CW_E_USAGE, "the option \"%s\" needs a value", typed); break;
	default:
		cw_fail(error, CW_E_USAGE, "the verb \"plugin\" has no option \"%s\"", typed);
		break;
	}
	return usage(error);
}

static int
take_word(struct words *words, const char *word, struct cw_error *error)
{
	if (words->action == NULL)
		words->action = word;
	else if (words->name == NULL)
		words->name = word;
	else
		return cw_fail(error, CW_E_USAGE, "unexpected argument \"%s\"", word);
	return CW_OK;
}

/* ARGV[0] is not read. */
static int
read_words(int argc, char **argv, struct words *words, struct cw_error *error)
{
	struct option options[16];
	int status = CW_OK;

	make_long_options(options);
	optind = 0;
	opterr = 0;
	while (status == CW_OK) {
		/* "-": words come as number 1, in their order. */
		int number = getopt_long(argc, argv, "-:", options, NULL);
		const char *typed = optind > 0 && optind <= argc ? argv[optind - 1] : "";

		if (number < 0)
			break;
		status = number == 1 ? take_word(words, optarg, error)
				     : take_option(words, number, typed, error);
	}
	for (; optind < argc && status == CW_OK; optind++)
		cw_strv_add(&words->rest, argv[optind]);
	return status;
}

static int
tool_new(struct words *words, struct json_object *result, struct cw_error *error)
{
	struct cw_plugin_project *project = &words->project;

	project->name = words->name;
	if (project->name == NULL)
		cw_fail(error, CW_E_USAGE, "the name of the new plugin is missing");
	else if (!project->authenticator && !project->installer)
		cw_fail(error, CW_E_USAGE, "what the plugin \"%s\" is for was not said",
			project->name);
	else if (project->folder == NULL || *project->folder == '\0')
		cw_fail(error, CW_E_USAGE, "the folder for the plugin \"%s\" is missing",
			project->name);
	else
		return cw_plugin_new(project, result, error);
	cw_hint(error, "certwright plugin new NAME --authenticator|--installer|--both --to DIR");
	return CW_E_USAGE;
}

static int
tool_check(struct cw_context *context, struct words *words, struct json_object *result,
	   struct cw_error *error)
{
	const struct cw_plugin_checking checking = {
		.plugin = words->name,
		.options = &words->rest,
		.limit = (int64_t)words->seconds * 1000,
	};

	if (words->name != NULL)
		return cw_plugin_check(context, &checking, result, error);
	cw_fail(error, CW_E_USAGE, "the plugin to check is missing");
	cw_hint(error, "certwright plugin check PATH|NAME [-- OPTION...]");
	return CW_E_USAGE;
}

static int
act(struct cw_context *context, struct words *words, struct json_object *result,
    struct cw_error *error)
{
	const char *action = words->action;

	if (action != NULL && strcmp(action, "check") == 0)
		return tool_check(context, words, result, error);
	if (action != NULL && strcmp(action, "new") == 0 && words->rest.count > 0)
		return cw_fail(error, CW_E_USAGE, "unexpected argument \"%s\"",
			       words->rest.items[0]);
	if (action != NULL && strcmp(action, "new") == 0)
		return tool_new(words, result, error);
	if (action == NULL)
		cw_fail(error, CW_E_USAGE, "the verb \"plugin\" needs to know what to do");
	else
		cw_fail(error, CW_E_USAGE, "the verb \"plugin\" cannot do \"%s\"", action);
	return usage(error);
}

int
cw_plugin_tool(struct cw_context *context, struct json_object *result, struct cw_error *error)
{
	const struct cw_strv *given = context->words;
	struct words words = {.project = {.language = cw_plugin_languages[0]},
			      .seconds = SECONDS_DEFAULT};
	cw_auto_strv struct cw_strv argv = {0};
	int status;

	cw_strv_add(&argv, "plugin");
	cw_strv_add_all(&argv, given);
	status = read_words((int)argv.count, argv.items, &words, error);
	if (status == CW_OK)
		status = act(context, &words, result, error);
	cw_strv_clear(&words.rest);
	return status;
}
