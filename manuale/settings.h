/* The command line, as it was understood, and the commands. */
#ifndef MANUALE_SETTINGS_H
#define MANUALE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

struct settings {
	const char *server;  /* the URL of the ACME directory */
	const char *account; /* the path of the account file */
	bool verbose;
	bool help;

	const char *method; /* NULL: not given */
	int key_size;       /* bits; 0: not given */
	const char *key_file;
	const char *csr_file;
	const char *output;
	const char *output_filename; /* NULL: the first domain */
	bool must_staple;
	const char *certbot_path;

	const char *const *words; /* behind the command */
	size_t word_count;
};

enum { KEY_SIZE_DEFAULT = 4096 };

/* One command. RUN ends the program if it fails. */
struct command {
	const char *name;
	const char *words; /* as the help shows them; "": none */
	size_t least, most;
	const char *options; /* the letters of its options, see settings.c */
	const char *summary;
	const char *text;
	void (*run)(const struct settings *settings);
};

/* Reads the command line. *COMMAND is NULL if there is none. A mistake ends the program. */
void settings_read(int argc, char **argv, const struct command *commands, size_t count,
		   struct settings *settings, const struct command **command);
/* Prints the help of a command, or if that is NULL of the program. */
void settings_help(const struct command *commands, size_t count, const struct command *command);

void command_register(const struct settings *settings);
void command_authorize(const struct settings *settings);
void command_issue(const struct settings *settings);
void command_revoke(const struct settings *settings);
void command_info(const struct settings *settings);
void command_upgrade(const struct settings *settings);
void command_migrate(const struct settings *settings);

#endif
