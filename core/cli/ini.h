/*
 * Configuration files (cli.ini): lines of `key = value`, `key: value`, `key value` or `key` alone,
 * which is the same as `key = true`. Quotation marks around a value are removed. [a, b] is a list.
 * A comment begins with '#' or ';' after a blank. Lines with "---" are ignored, and so are
 * [sections], but for the agent (cli/agent_config.h).
 */
#ifndef CW_CLI_INI_H
#define CW_CLI_INI_H

#include <stdbool.h>
#include "base/error.h"
#include "base/strv.h"

struct cw_ini_entry {
	char *file;
	unsigned line;
	char *section; /* that it is in; NULL: none */
	char *key;
	bool list;             /* [a, b]; otherwise VALUES has one */
	struct cw_strv values; /* "true" for a key alone */
};

/* The entries of one or more files, in order. A zeroed struct is empty. */
struct cw_ini {
	struct cw_ini_entry *entries;
	size_t count;
	struct cw_strv sections; /* in the order in which they were first seen */
	char *section;           /* the one that is being read; NULL: none yet */
	unsigned bad_section;    /* the line of a [section without an end; 0: there is none */
};

#define cw_auto_ini cw_auto(cw_ini_clear)

/* Adds the entries of PATH. CW_E_NOT_FOUND if there is no such file, unless MISSING_OK.
 * CW_E_INVALID names the file, the line and the fault. */
int cw_ini_read(struct cw_ini *ini, const char *path, bool missing_ok, struct cw_error *error);
void cw_ini_clear(struct cw_ini *ini);
/* The files that are read without -c: the system's, then the user's. */
void cw_ini_default_paths(struct cw_strv *paths);

#endif
