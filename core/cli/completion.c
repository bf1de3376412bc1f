#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/verbs.h"

static const char head[] =
	"# Completions of certwright for bash, made from its table of options.\n"
	"\n"
	"_certwright()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} options\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\t# Bash takes \"--option=value\" for three words.\n"
	"\tif [[ $cur == = ]]; then\n"
	"\t\tcur=\n"
	"\telif [[ $prev == = ]] && ((COMP_CWORD > 1)); then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n";

static const char tail[] =
	"\tesac\n"
	"\tif [[ $cur != -* ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$verbs\" -- \"$cur\")\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
	"\t# A plugin's own options: only that plugin is asked.\n"
	"\tif [[ $cur == --*-* ]]; then\n"
	"\t\tlocal plugin=${cur#--} more\n"
	"\t\twhile [[ $plugin == *-* ]]; do\n"
	"\t\t\tplugin=${plugin%-*}\n"
	"\t\t\t[[ \" $options \" == *\" --$plugin \"* ]] || continue\n"
	"\t\t\tmore=$(certwright help \"$plugin\" 2>/dev/null | grep -o -e "
	"\"--$plugin-[a-z0-9-]*\")\n"
	"\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$options $more\" -- \"$cur\")\n"
	"\t\t\tbreak\n"
	"\t\tdone\n"
	"\tfi\n"
	"}\n"
	"complete -F _certwright certwright\n";

/* "-d|--domains|--domain", as a pattern of case; behind --help the same can follow as behind the
 * verb. */
static void
write_pattern(FILE *out, const struct cw_option *option)
{
	const char *between = "";

	fputc('\t', out);
	if (option->short_name != 0) {
		fprintf(out, "-%c", option->short_name);
		between = " | ";
	}
	for (const char *const *name = option->names; *name != NULL; name++) {
		fprintf(out, "%s--%s", between, *name);
		between = " | ";
	}
	if (strcmp(option->internal, "help") == 0)
		fprintf(out, "%shelp", between);
	fputs(")\n", out);
}

static void
write_words(FILE *out, const char *const *words)
{
	fputs("\t\tmapfile -t COMPREPLY < <(compgen -W \"", out);
	for (const char *const *word = words; *word != NULL; word++)
		fprintf(out, "%s%s", word == words ? "" : " ", *word);
	fputs("\" -- \"$cur\")\n", out);
}

/* What can follow an option that takes a value; nothing for those whose values are not known. */
static void
write_values(FILE *out, const struct cw_option *option)
{
	bool topics = strcmp(option->internal, "help") == 0;

	if (option->kind == CW_OPTION_FLAG && !topics)
		return;
	write_pattern(out, option);
	if (topics)
		fputs("\t\tmapfile -t COMPREPLY < <(compgen -W \"all $topics $verbs $plugins\" -- "
		      "\"$cur\")\n\t\t[[ $cur == -* ]] || return\n\t\t;;\n",
		      out);
	if (!topics) {
		if (option->choices != NULL)
			write_words(out, option->choices);
		else if (option->kind == CW_OPTION_PATH || option->kind == CW_OPTION_PATH_LIST)
			fputs("\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n", out);
		fputs("\t\treturn\n\t\t;;\n", out);
	}
}

static void
write_lists(FILE *out, const struct cw_option_set *options, struct cw_registry *registry)
{
	fputs("\tlocal verbs=\"", out);
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++)
		fprintf(out, "%s%s", verb == cw_verbs ? "" : " ", verb->name);
	fputs("\"\n\tlocal topics=\"", out);
	for (const struct cw_topic *topic = cw_topics; topic->name != NULL; topic++)
		if (*topic->name != '\0')
			fprintf(out, "%s ", topic->name);
	fputs("\"\n\tlocal plugins=\"", out);
	for (size_t i = 0; i < cw_registry_count(registry); i++)
		fprintf(out, "%s%s", i == 0 ? "" : " ", cw_registry_at(registry, i)->name);
	fputs("\"\n\toptions=\"", out);
	for (size_t i = 0; i < cw_option_set_count(options); i++) {
		const struct cw_option *option = cw_option_set_at(options, i);

		if ((option->flags & (CW_OPT_HIDDEN | CW_OPT_IGNORED)) != 0)
			continue;
		for (const char *const *name = option->names; *name != NULL; name++)
			fprintf(out, " --%s", *name);
	}
	fputs("\"\n", out);
}

/* What follows a verb that reads its words itself. */
static void
write_own_words(FILE *out, const struct cw_verb *verb)
{
	if (verb->own_options == NULL)
		return;
	fprintf(out, "\tif [[ ${COMP_WORDS[1]} == %s ]] && ((COMP_CWORD > 1)); then\n", verb->name);
	fputs("\t\tmapfile -t COMPREPLY < <(compgen -W \"", out);
	for (const char *const *action = verb->actions; *action != NULL; action++)
		fprintf(out, "%s ", *action);
	for (const struct cw_verb_option *option = verb->own_options; option->name != NULL;
	     option++)
		fprintf(out, "--%s ", option->name);
	fputs("--json\" -- \"$cur\"\n"
	      "\t\t\t[[ $cur == -* ]] || compgen -f -- \"$cur\")\n"
	      "\t\treturn\n\tfi\n",
	      out);
}

void
cw_completion_write(FILE *out, const struct cw_option_set *options, struct cw_registry *registry)
{
	fputs(head, out);
	write_lists(out, options, registry);
	for (const struct cw_verb *verb = cw_verbs; verb->name != NULL; verb++)
		write_own_words(out, verb);
	fputs("\tcase $prev in\n", out);
	for (size_t i = 0; i < cw_option_set_count(options); i++)
		write_values(out, cw_option_set_at(options, i));
	fputs(tail, out);
}
