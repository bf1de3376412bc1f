/*
 * The configuration as Apache sees it: a tree of the directives that are in effect, with includes,
 * macros, variables and conditions resolved. It follows Apache's order, so a condition sees only
 * what was defined or loaded before it.
 */
#ifndef APACHE_CONFIG_H
#define APACHE_CONFIG_H

#include "files.h"
#include "program.h"
#include "words.h"

/* The Include that led to a file, and those that led to the file that it is in. */
struct trail {
	const struct trail *up;
	struct file *file;
	const struct line *line;
};

struct directive {
	struct directive *parent, *next, *first_child, *last_child; /* the root has no parent */
	struct file *file;                                          /* of LINE */
	const struct line *line;   /* in a macro, of its definition */
	const struct line *close;  /* of a section */
	const struct trail *trail; /* how FILE was reached; NULL: it is the main file */
	const char *use;           /* "FILE:LINE" where a macro made it; NULL: none did */
	const char *name;          /* as written; of a section without "<" */
	const char *arguments;     /* not yet divided into words */
};

struct config {
	const struct cw_host *host;
	const struct facts *facts;
	struct files files;
	struct file *main;
	struct arena *arena;
	char *root;           /* the server root at the beginning */
	const char *now_root; /* after the last ServerRoot */
	struct map defines;   /* at the present place, as in the facts */
	struct map defined;   /* every name that was ever defined in a file */
	struct map modules;   /* loaded so far; the value is the path, "" if built in */
	struct map macros;
	const char *assumed; /* a module that counts as loaded from the beginning; NULL: none */
	struct directive top;
};

/* Reads the main file PATH and all that it includes. Errors name FILE:LINE. FACTS must live as
 * long. */
int config_read(struct config *config, const struct cw_host *host, const struct facts *facts,
		const char *root, const char *path);
/* Makes the tree again from the files in memory. */
int config_rebuild(struct config *config);
void config_clear(struct config *config);

bool directive_is(const struct directive *directive, const char *name);
/* "FILE:LINE", for messages; lives as long as the configuration. */
const char *directive_place(struct config *config, const struct directive *directive);
/* The next directive below TOP in order, including children; NULL at the end. Begin with TOP. */
const struct directive *config_walk(const struct directive *top, const struct directive *at);
/* The Include in the file of SECTION, between its beginning and end, that led to DIRECTIVE; NULL:
 * the directive is in that file itself. */
const struct trail *config_included(const struct directive *section,
				    const struct directive *directive);
/* PATH relative to the server root, made absolute. */
const char *config_path(struct config *config, const char *path);
/* Whether the tree, and LENGTH bytes more, take more memory than a configuration may: variables,
 * macros and includes of some lines can make any number of lines. */
bool config_is_too_large(const struct config *config, size_t length);
/* Whether a module is loaded: NAME is "ssl_module" or "mod_ssl.c". */
bool config_has_module(const struct config *config, const char *name);

#endif
