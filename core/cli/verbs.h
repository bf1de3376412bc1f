/* The verbs: one table. */
#ifndef CW_CLI_VERBS_H
#define CW_CLI_VERBS_H

#include "flow/context.h"

/* Writes RESULT (flow/context.h) for people to stdout. */
typedef void (*cw_renderer)(struct json_object *result);

/* Writes an item of a long list (cw_context.item) for people to stdout; FIRST: of the list. */
typedef void (*cw_item_renderer)(struct json_object *item, bool first);

struct cw_verb {
	const char *name;
	const char *alias;       /* another spelling ("auth"), NULL: none */
	const char *summary;     /* one line for --help */
	const char *description; /* a paragraph for --help VERB and the man page */
	cw_flow flow; /* NULL: not possible yet (says so), or "help", which cli/ does itself */
	cw_renderer render;           /* NULL: the flow has said all in its messages */
	cw_item_renderer render_item; /* NULL: its lists are short */
};

/* NULL-terminated by a NULL name; "run", the default verb, comes first. */
extern const struct cw_verb cw_verbs[];
const struct cw_verb *cw_verb_by_name(const char *name);

#endif
