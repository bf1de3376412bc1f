/* The verb "plugin", for authors of plugins: it reads its words itself, as its --authenticator is
 * not Certbot's. */
#ifndef CW_CLI_PLUGIN_TOOL_H
#define CW_CLI_PLUGIN_TOOL_H

#include "flow/verb.h"

extern const struct cw_verb_option cw_plugin_tool_options[];
extern const char *const cw_plugin_tool_actions[];

/* A cw_flow: "plugin new" (flow/kit/new.h) and "plugin check" (flow/kit/check.h). */
int cw_plugin_tool(struct cw_context *context, struct json_object *result, struct cw_error *error);

#endif
