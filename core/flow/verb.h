/* What is known of a verb. cli/verbs.c has the one table of them. */
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
/* Writes RESULT (flow/context.h) for people to stdout. */
typedef void (*cw_renderer)(struct json_object *result);
/* Writes an item of a long list (cw_context.item) for people to stdout; FIRST: of the list. */
typedef void (*cw_item_renderer)(struct json_object *item, bool first);
/* CW_E_USAGE where the verb cannot do what SETTINGS ask for; touches nothing. */
typedef int (*cw_verb_check)(const struct cw_settings *settings, struct cw_error *error);

/* What a flag that selects a plugin (--nginx) means. */
enum cw_verb_plugins {
	CW_PLUGINS_NONE,
	CW_PLUGINS_AUTHENTICATOR, /* the verb only obtains certificates */
	CW_PLUGINS_ROLES          /* it also installs, or only installs: all that the plugin can */
};

struct cw_verb {
	const char *name;
	const char *alias;       /* another spelling ("auth"), NULL: none */
	const char *arguments;   /* as the usage line shows them; NULL: options alone */
	const char *title;       /* the heading of its options */
	const char *summary;     /* one line for --help */
	const char *description; /* a paragraph for --help VERB and the man page */

	enum cw_verb_plugins plugins;
	bool writes;      /* under the locks, with a log file (flow/work/begin.h) */
	bool rehearses;   /* can do --dry-run; a verb that only reads ignores it */
	bool asks_nobody; /* does the same with and without a terminal */
	bool several;     /* works on several certificates: --cert-name may be repeated */
	bool keeps_names; /* works on certificates whose names stay as they are */
	const char *csr;  /* refuses --csr, with this hint; NULL: does not */

	const char *which; /* asks which certificate is meant; NULL: asks nothing of the kind */
	const char *keep;  /* asks about a certificate that is not due: the choice to keep it */

	cw_verb_check check;          /* NULL: any settings will do */
	cw_flow flow;                 /* NULL: "help", which cli/ does itself */
	cw_renderer render;           /* NULL: the flow has said all in its messages */
	cw_item_renderer render_item; /* NULL: its lists are short */
};

#endif
