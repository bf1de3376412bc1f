/*
 * Apache's programs: what they say of themselves and of the configuration, and whether they accept
 * it.
 */
#ifndef APACHE_PROGRAM_H
#define APACHE_PROGRAM_H

#include <certwright/plugin.h>
#include "../common/memory.h"
#include "layout.h"

#define APACHE_VERSION(major, minor, patch) (((major) << 16) + ((minor) << 8) + (patch))

/* What the configuration cannot tell. */
struct facts {
	unsigned version;       /* APACHE_VERSION() */
	struct map modules;     /* built in: "core_module" and so on */
	struct map shared;      /* the others, when everything is read */
	struct map defines;     /* name -> value, "" if it has none, when everything is read */
	struct map environment; /* name -> value, of the environment file */
	const char *pid_path;   /* absolute */
	struct arena *arena;    /* of their keys and values */
};

struct program {
	const struct cw_host *host;
	const struct layout *layout;
	char *ctl;           /* apache2ctl: its name or path */
	char *binary;        /* asked in its place; NULL: none */
	char *root;          /* the server root */
	char *configuration; /* the main file */
	char *environment;   /* the file with its environment; NULL: none */
	char *drop_ins;      /* the folder with changes of its systemd unit; NULL: none */
	char *confdir;       /* "APACHE_CONFDIR=" and the server root, for Debian's apache2ctl */
	char *script;        /* apache-environment.sh */
	bool is_usual;       /* CTL uses this root and main file if it is not told */
	struct facts facts;
	bool known; /* FACTS are set */
};

/* Finds the programs and files of the layout. ROOT, CTL and BINARY are what the user gave, or NULL.
 */
void program_init(struct program *program, const struct cw_host *host, const char *root,
		  const char *ctl, const char *binary);
/* Reads the facts, which includes a test of the configuration. Fails if Apache is missing, older
 * than 2.4, or rejects the configuration. */
int program_identify(struct program *program);
/* Tests the configuration, as test() of struct web_server. */
int program_test(struct program *program, const char *what, char **refusal);
/* Starts Apache. */
int program_start(struct program *program);
/* The words of a command that gives Apache WORDS, eight at most and NULL, with the options that it
 * is started with. */
void program_words(const struct program *program, const char *const *words, const char **argv);
/* The words of a command that prints its environment, each NAME=VALUE with a NUL after it. */
enum { PROGRAM_ARGV_MAX = 20 };
void program_environment_words(const struct program *program, const char *argv[PROGRAM_ARGV_MAX]);
/* The words of a command that has Apache do "-k ACTION"; the last is NULL. Valid until
 * program_clear(). */
void program_argv(const struct program *program, const char *action,
		  const char *argv[PROGRAM_ARGV_MAX]);
void program_clear(struct program *program);

#endif
