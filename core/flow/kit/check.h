/* "plugin check": whether a plugin keeps the contract of <certwright/plugin.h>. */
#ifndef CW_FLOW_KIT_CHECK_H
#define CW_FLOW_KIT_CHECK_H

#include "flow/context.h"

struct cw_plugin_checking {
	const char *plugin;            /* the name of an installed one, or the path of a module */
	const struct cw_strv *options; /* its options, as on the command line */
	int64_t limit;                 /* milliseconds that a call may take */
};

/*
 * Tries the plugin in plugin processes of their own (flow/kit/trial.h). RESULT gets "checked":
 * {"name", "path", "findings": an array of {"check", "result": "ok", "wrong" or "skipped",
 * "message": what was found, null if it is ok, "hint": what to do, or null}}. CW_E_PLUGIN if
 * anything is wrong.
 */
int cw_plugin_check(struct cw_context *context, const struct cw_plugin_checking *checking,
		    struct json_object *result, struct cw_error *error);

#endif
