/*
 * Deploy hooks that survive: before live/ is switched to a new version, WORK/certwright/deploy/NAME
 * says from which version on; it goes when the hooks have run. A run that finds one runs the hooks
 * that a killed run owes.
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
/* In the coordinator, when a request has ended, failed ones too: runs the deploy hooks if its
 * certificate was saved (with --run-deploy-hooks also after a rehearsal), and forgets the record.
 */
void cw_deploy_done(const struct cw_context *context, struct cw_hooks *hooks,
		    const struct cw_request *request);
/* Runs the deploy hooks for REQUEST's lineage as its renewal file names them; fills in the
 * request's names and settings. */
int cw_deploy_lineage(const struct cw_context *context, struct cw_hooks *hooks,
		      struct cw_request *request, struct cw_error *error);
/* Completes what killed runs have begun: a new version that is complete is deployed, and the hooks
 * run. What cannot be done is said and left to the next run. */
void cw_deploy_recover(struct cw_context *context);

#endif
