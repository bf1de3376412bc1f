/* The commands that Apache is given. */
#include "program.h"

/* Reads the environment file $1 and, of the drop-ins in the folder $2, lines that are the same to
 * a shell as to systemd. */
#define READ_ENVIRONMENT                                                                           \
	"set -a\n"                                                                                 \
	"[ ! -f \"$1\" ] || . \"$1\" >/dev/null\n"                                                 \
	"for file in \"${2:-/nonexistent}\"/*.conf; do\n"                                          \
	"	[ ! -f \"$file\" ] || eval \"$(sed -n '/[$`\\\\;&|<>()]/d\n"                             \
	"		s/^Environment=/export /p\n"                                                            \
	"		s/^EnvironmentFile=-\\{0,1\\}\\(.*\\)/[ ! -f \"\\1\" ] || . \"\\1\"/p\n"                \
	"		' \"$file\")\" >/dev/null\n"                                                            \
	"done\n"                                                                                   \
	"set +a\n"

/* Runs $4, or without it $5, with the options in the variable $3. */
static const char with_options[] =
	READ_ENVIRONMENT "options=; program=$5\n"
			 "if command -v \"$4\" >/dev/null; then\n"
			 "	program=$4\n"
			 "	[ -z \"$3\" ] || eval \"options=\\${$3-}\"\n"
			 "fi\n"
			 "shift 5; exec \"$program\" $options \"$@\"";

static const char show_environment[] = READ_ENVIRONMENT "env -0";

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
	argv[2] = show_environment;
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
				       with_options,
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
