/* The authenticators of a job: a plugin process for each plugin that some of its names are for. */
#ifndef CW_FLOW_ISSUE_AUTHENTICATION_H
#define CW_FLOW_ISSUE_AUTHENTICATION_H

#include "acme/client.h"
#include "flow/work/jobs.h"

struct cw_authentication;

/* The end of a step: comes from the loop, once. ERROR is NULL when it is done. */
typedef void (*cw_authentication_done)(void *context, const struct cw_error *error);

struct cw_authentication *cw_authentication_new(struct cw_job *job);
/* Ends the processes. NULL is allowed. */
void cw_authentication_free(struct cw_authentication *authentication);

/* The steps, one at a time. */

/*
 * Opens the plugins, always in the same order, so that two runs which wait for each other's
 * exclusive directories cannot block each other. Where there are several, and the job can do
 * without some of its names (--allow-subset-of-names), one that is not ready fails its own names
 * alone.
 */
void cw_authentication_open(struct cw_authentication *authentication, cw_authentication_done done,
			    void *context);
/*
 * Chooses a challenge for each pending authorization of ORDERS, COUNT of them, ORDERS[i] being that
 * of REQUESTS[i]. Each for which there is none gets an error; the others' challenges are not
 * published then, as the order is of no use.
 */
void cw_authentication_choose(struct cw_authentication *authentication,
			      const struct cw_request *const *requests,
			      struct cw_acme_order *const *orders, size_t count,
			      cw_authentication_done done, void *context);
/* Publishes what was chosen; the authorizations that failed get their errors. */
void cw_authentication_perform(struct cw_authentication *authentication,
			       cw_authentication_done done, void *context);
/*
 * The same orders were opened again, after perform: whether all that is pending is in place. Each
 * such authorization then has its challenge. Otherwise the next steps are cleanup and choose.
 */
bool cw_authentication_resume(struct cw_authentication *authentication,
			      const struct cw_request *const *requests,
			      struct cw_acme_order *const *orders, size_t count);
/* Undoes perform, and forgets what was chosen. What fails is a warning in the log. */
void cw_authentication_cleanup(struct cw_authentication *authentication,
			       cw_authentication_done done, void *context);

/* With --debug-challenges: shows what is in place and waits for the user, where there is one. */
int cw_authentication_show(const struct cw_authentication *authentication,
			   const struct cw_settings *settings, const struct cw_asker *asker,
			   struct cw_error *error);
/* After a signal: the step under way ends soon, and the plugins clean up all the same. */
void cw_authentication_interrupt(struct cw_authentication *authentication);
/* Whether a plugin process died at work, so that it may have been the fault of one certificate of
 * several. */
bool cw_authentication_died(const struct cw_authentication *authentication);

#endif
