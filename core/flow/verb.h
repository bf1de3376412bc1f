/* The properties of a verb. cli/verbs.c has the table. */
#ifndef CW_FLOW_VERB_H
#define CW_FLOW_VERB_H

#include <stdbool.h>
#include "base/error.h"
#include "base/json.h"
#include "base/option.h"

struct cw_context;

/* Does the verb's work (flow/context.h). */
typedef int (*cw_flow)(struct cw_context *context, struct json_object *result,
		       struct cw_error *error);
/* Prints RESULT (flow/context.h) to stdout as text. */
typedef void (*cw_renderer)(struct json_object *result);
/* Prints an item of a long list (cw_context.item) to stdout as text. FIRST: it is the first of the
 * list. */
typedef void (*cw_item_renderer)(struct json_object *item, bool first);
/* The exit status of the program where it is not that of the error: 0 to 255, or -1: it is. */
typedef int (*cw_exit_rule)(const struct cw_settings *settings, struct json_object *result);
/* Returns CW_E_USAGE if the verb does not support SETTINGS. Changes nothing. */
typedef int (*cw_verb_check)(const struct cw_settings *settings, struct cw_error *error);

/* What a flag that selects a plugin (--nginx) means. */
enum cw_verb_plugins {
	CW_PLUGINS_NONE,
	CW_PLUGINS_AUTHENTICATOR, /* the verb only obtains certificates */
	CW_PLUGINS_ROLES          /* the verb installs: the flag selects all roles of the plugin */
};

/* The word that a verb takes besides its options (cw_context.words). */
enum cw_verb_word {
	CW_WORD_NONE,
	CW_WORD_CERTIFICATE, /* a lineage's name; may be absent */
	CW_WORD_PATH,
	CW_WORD_ACTION /* one of its actions, and perhaps a lineage's name; may be absent */
};

/* An option of a verb that reads its words itself. */
struct cw_verb_option {
	int number;          /* its own */
	const char *name;    /* without "--"; NULL ends a list */
	const char *metavar; /* NULL: it takes no value */
	const char *help;
};

struct cw_verb {
	const char *name;
	const char *alias;       /* another spelling ("auth"), NULL: none */
	const char *arguments;   /* as the usage line shows them; NULL: only options */
	const char *title;       /* the heading of its options */
	const char *summary;     /* one line for --help */
	const char *description; /* a paragraph for --help VERB and the man page */

	enum cw_verb_word word;

	enum cw_verb_plugins plugins;
	bool writes;      /* runs with the locks and a log file (flow/work/begin.h) */
	bool asks_ca;     /* always asks a CA: the network process starts first */
	bool has_dry_run; /* supports --dry-run; a verb that only reads ignores it */
	bool asks_nobody; /* asks the user nothing, not even on a terminal */
	bool several;     /* works on several certificates: --cert-name can be repeated */
	bool keeps_names; /* does not change the names of certificates */
	const char *csr;  /* the hint if --csr is refused; NULL: --csr is accepted */

	const char *which; /* the question for a certificate if none is given; NULL: does not ask */
	const char *keep;  /* the answer that keeps a certificate that is not due */

	/* Not NULL: the words after the verb are not read with the option table, but for a few
	 * options of all verbs. They are in cw_context.words, and it reads no configuration file.
	 */
	const struct cw_verb_option *own_options;
	/* Then, and with CW_WORD_ACTION: what its first word can be; NULL-terminated. */
	const char *const *actions;

	cw_verb_check check;          /* NULL: accepts all settings */
	cw_flow flow;                 /* NULL: "help", which is done in cli/ */
	cw_renderer render;           /* NULL: its messages are the output */
	cw_item_renderer render_item; /* NULL: its lists are short */
	cw_exit_rule exit_status;     /* NULL: that of the error */
};

#endif
