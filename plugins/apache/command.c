/* The commands that Apache is given. */
#include "program.h"

/*
 * Runs $3, or without it $4, with the options in the variable $2 of the environment file $1. SUSE's
 * variable has names for -D.
 */
static const char with_options[] =
	"set -a; if [ -f \"$1\" ]; then . \"$1\" >/dev/null; fi; set +a\n"
	"options=; program=$4\n"
	"if command -v \"$3\" >/dev/null; then\n"
	"	program=$3\n"
	"	[ -z \"$2\" ] || eval \"options=\\${$2-}\"\n"
	"fi\n"
	"if [ \"$2\" = APACHE_SERVER_FLAGS ]; then\n"
	"	flags=$options; options=\n"
	"	for flag in $flags; do\n"
	"		case $flag in\n"
	"		-D) ;;\n"
	"		-*) options=\"$options $flag\" ;;\n"
	"		*) options=\"$options -D $flag\" ;;\n"
	"		esac\n"
	"	done\n"
	"fi\n"
	"shift 4; exec \"$program\" $options \"$@\"";

void
program_words(const struct program *program, const char *const *words, const char **argv)
{
	const char *const *prefix;
	const char *const direct[] = {program->ctl, NULL};
	const char *const wrapped[] = {"/bin/sh",
				       "-c",
				       with_options,
				       "sh",
				       program->environment != NULL ? program->environment : "",
				       program->layout->options != NULL ? program->layout->options
									: "",
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
