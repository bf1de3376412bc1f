/* The commands that Apache is given. */
#include "environment.h"
#include "program.h"

/* Runs $4, or without it $5, with the options in the variable $3. */
#define WITH_OPTIONS                                                                               \
	"set -f; options=; program=$5\n"                                                           \
	"if command -v \"$4\" >/dev/null; then\n"                                                  \
	"	program=$4\n"                                                                            \
	"	[ -z \"$3\" ] || eval \"options=\\${$3-}\"\n"                                            \
	"fi\n"                                                                                     \
	"shift 5; exec \"$program\" $options \"$@\""

/* By whether the environment is data. */
static const char *const with_options[] = {ENVIRONMENT_OF_SCRIPT WITH_OPTIONS,
					   ENVIRONMENT_OF_DATA WITH_OPTIONS};
static const char *const show_environment[] = {ENVIRONMENT_OF_SCRIPT "env -0",
					       ENVIRONMENT_OF_DATA "env -0"};

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

void
program_environment_words(const struct program *program, const char *argv[PROGRAM_ARGV_MAX])
{
	argv[0] = "/bin/sh";
	argv[1] = "-c";
	argv[2] = show_environment[program->layout->is_data];
	argv[3] = "sh";
	argv[4] = or_empty(program->environment);
	argv[5] = or_empty(program->drop_ins);
	argv[6] = NULL;
}

void
program_words(const struct program *program, const char *const *words, const char **argv)
{
	const char *const *prefix;
	const char *const direct[] = {program->ctl, NULL};
	const char *const wrapped[] = {"/bin/sh",
				       "-c",
				       with_options[program->layout->is_data],
				       "sh",
				       or_empty(program->environment),
				       or_empty(program->drop_ins),
				       or_empty(program->layout->options),
				       program->binary,
				       program->ctl,
				       NULL};
	size_t count = 0;

	for (prefix = program->binary != NULL ? wrapped : direct; *prefix != NULL; prefix++)
		argv[count++] = *prefix;
	for (; *words != NULL; words++)
		argv[count++] = *words;
	argv[count] = NULL;
}

void
program_argv(const struct program *program, const char *action, const char *argv[PROGRAM_ARGV_MAX])
{
	const char *const words[] = {"-d", program->root, "-f", program->configuration,
				     "-k", action,        NULL};

	if (program->is_usual) {
		argv[0] = program->ctl;
		argv[1] = action;
		argv[2] = NULL;
	} else if (program->binary != NULL) {
		program_words(program, words, argv);
	} else {
		argv[0] = "env";
		argv[1] = program->confdir;
		program_words(program, words, argv + 2);
	}
}
