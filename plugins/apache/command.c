/* The commands that Apache is given. */
#include <string.h>
#include "program.h"

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

/* The words that apache-environment.sh takes before those of a command. */
static size_t
add_script(const struct program *program, const char *options, const char *binary, const char *ctl,
	   const char **argv)
{
	const char *const words[] = {"/bin/sh",
				     program->script,
				     program->layout->is_data ? "data" : "script",
				     or_empty(program->environment),
				     or_empty(program->drop_ins),
				     options,
				     binary,
				     ctl};
	size_t count = sizeof(words) / sizeof(*words);

	memcpy(argv, words, sizeof(words));
	return count;
}

void
program_environment_words(const struct program *program, const char *argv[PROGRAM_ARGV_MAX])
{
	size_t count = add_script(program, "", "env", "env", argv);

	argv[count++] = "-0";
	argv[count] = NULL;
}

void
program_words(const struct program *program, const char *const *words, const char **argv)
{
	size_t count = 0;

	if (program->binary != NULL)
		count = add_script(program, or_empty(program->layout->options), program->binary,
				   program->ctl, argv);
	else
		argv[count++] = program->ctl;
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
