/* Hooks as the settings name them. */
#ifndef CW_FLOW_WORK_HOOKS_H
#define CW_FLOW_WORK_HOOKS_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "hooks/hooks.h"

/* The hooks of a run, turning LOOP while they run. */
struct cw_hooks *cw_flow_hooks(struct cw_context *context, struct cw_loop *loop);
/* Checks the programs of --pre-hook, --post-hook and --deploy-hook, unless
 * --disable-hook-validation; not those that a renewal file has: a hook that is gone since is no
 * reason not to renew. */
int cw_flow_validate_hooks(const struct cw_settings *settings, struct cw_error *error);
/* The same for the hooks that LINEAGE's renewal file has and SETTINGS do not override:
 * CW_E_NOT_FOUND or CW_E_PERMISSION for the first that could not be run. Commands in KNOWN are not
 * looked at; it gets those that can be run, while they are few. NULL: all are looked at. */
int cw_flow_check_saved_hooks(const struct cw_settings *settings, const struct cw_lineage *lineage,
			      struct cw_strv *known, struct cw_error *error);
/* The deploy hooks for a request whose certificate was saved. */
void cw_flow_deploy_hooks(const struct cw_context *context, struct cw_hooks *hooks,
			  const struct cw_request *request);

#endif
