/*
 * Deploy hooks that run even after a crash. Before live/ is switched to a new version,
 * WORK/certwright/deploy/NAME records from which version on the hooks are due. The record is
 * removed when the hooks have run. A run that finds such a record runs the hooks that a killed run
 * has not run.
 */
#ifndef CW_FLOW_WORK_DEPLOY_HOOKS_H
#define CW_FLOW_WORK_DEPLOY_HOOKS_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "flow/work/hooks.h"

/* In a worker, just before the request's new version is saved: durably records that deploy hooks
 * are due when live/ has a version newer than the present one. */
int cw_deploy_owe(const struct cw_context *context, const struct cw_request *request,
		  struct cw_error *error);
/* In the coordinator, when a request has ended, also if it failed. Runs the deploy hooks if the
 * certificate was saved (with --run-deploy-hooks also after a dry run), and removes the record. */
void cw_deploy_done(const struct cw_context *context, struct cw_hooks *hooks,
		    const struct cw_request *request);
/* Runs the deploy hooks for REQUEST's lineage as its renewal file names them; fills in the
 * request's names and settings. */
int cw_deploy_lineage(const struct cw_context *context, struct cw_hooks *hooks,
		      struct cw_request *request, struct cw_error *error);
/* Completes what killed runs have begun: a complete new version is deployed, and the hooks run.
 * What cannot be done is logged and left to the next run. */
void cw_deploy_recover(struct cw_context *context);

#endif
