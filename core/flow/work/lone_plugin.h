/* The coordinator's side of a plugin that works for no certificate: it is listed or checked, or it
 * undoes what an earlier run left. */
#ifndef CW_FLOW_WORK_LONE_PLUGIN_H
#define CW_FLOW_WORK_LONE_PLUGIN_H

#include "plugin/process.h"

/*
 * Refuses questions, sockets and the network, and keeps no values of lineages. Options that the
 * plugin sets are not saved. Copy it, and replace what the plugin may have. Its functions do not
 * use their context.
 */
extern const struct cw_plugin_handlers cw_lone_plugin_handlers;

#endif
