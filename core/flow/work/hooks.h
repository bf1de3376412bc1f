/* Runs the hooks that the settings name. */
#ifndef CW_FLOW_WORK_HOOKS_H
#define CW_FLOW_WORK_HOOKS_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "hooks/hooks.h"

/* Returns the hooks of a run. They turn LOOP while they run. */
struct cw_hooks *cw_flow_hooks(struct cw_context *context, struct cw_loop *loop);
/* Checks the programs of --pre-hook, --post-hook and --deploy-hook, unless
 * --disable-hook-validation. Hooks from a renewal file are not checked: a missing hook must not
 * prevent a renewal. */
int cw_flow_validate_hooks(const struct cw_settings *settings, struct cw_error *error);
/* The same for the hooks in LINEAGE's renewal file that SETTINGS do not override. CW_E_NOT_FOUND
 * or CW_E_PERMISSION for the first one that could not be run. KNOWN saves work: commands in it
 * are not checked again, and commands that can be run are added to it up to a limit. NULL: all
 * are checked. */
int cw_flow_check_saved_hooks(const struct cw_settings *settings, const struct cw_lineage *lineage,
			      struct cw_strv *known, struct cw_error *error);
/* Runs the deploy hooks for a request whose certificate was saved. */
void cw_flow_deploy_hooks(const struct cw_context *context, struct cw_hooks *hooks,
			  const struct cw_request *request);

#endif
