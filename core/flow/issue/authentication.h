/* The authenticators of a job. There is one plugin process for each plugin that the job's names
 * use. */
#ifndef CW_FLOW_ISSUE_AUTHENTICATION_H
#define CW_FLOW_ISSUE_AUTHENTICATION_H

#include "acme/client.h"
#include "flow/work/jobs.h"

struct cw_authentication;

/* Called once from the loop when a step ends. ERROR is NULL on success. */
typedef void (*cw_authentication_done)(void *context, const struct cw_error *error);

struct cw_authentication *cw_authentication_new(struct cw_job *job);
/* Ends the processes. NULL is allowed. */
void cw_authentication_free(struct cw_authentication *authentication);

/* The steps. Only one may run at a time. */

/*
 * Opens the plugins, always in the same order. Otherwise two runs could each wait for an exclusive
 * directory that the other holds. If there are several plugins and the job can do without some of
 * its names (--allow-subset-of-names), a plugin that is not ready fails only its own names.
 */
void cw_authentication_open(struct cw_authentication *authentication, cw_authentication_done done,
			    void *context);
/*
 * Chooses a challenge for each pending authorization of the COUNT orders ORDERS. ORDERS[i] belongs
 * to REQUESTS[i]. An authorization gets an error if no challenge fits. The order is then useless,
 * so its other challenges are not published.
 */
void cw_authentication_choose(struct cw_authentication *authentication,
			      const struct cw_request *const *requests,
			      struct cw_acme_order *const *orders, size_t count,
			      cw_authentication_done done, void *context);
/* Publishes the chosen challenges. Authorizations that fail get their errors. */
void cw_authentication_perform(struct cw_authentication *authentication,
			       cw_authentication_done done, void *context);
/*
 * Call this when the same orders were opened again after perform. Returns whether the challenges of
 * all pending authorizations are still in place; each authorization then has its challenge again.
 * If not, continue with cleanup and choose.
 */
bool cw_authentication_resume(struct cw_authentication *authentication,
			      const struct cw_request *const *requests,
			      struct cw_acme_order *const *orders, size_t count);
/* Undoes perform and forgets the chosen challenges. Failures are logged as warnings. */
void cw_authentication_cleanup(struct cw_authentication *authentication,
			       cw_authentication_done done, void *context);

/* With --debug-challenges: shows the challenges in place and waits for the user, if there is a
 * terminal. */
int cw_authentication_show(const struct cw_authentication *authentication,
			   const struct cw_settings *settings, const struct cw_asker *asker,
			   struct cw_error *error);
/* Call this after a signal. The current step ends soon. The plugins can still clean up
 * afterwards. */
void cw_authentication_interrupt(struct cw_authentication *authentication);
/* Whether a plugin process died during its work. One of several certificates may have caused
 * that. */
bool cw_authentication_died(const struct cw_authentication *authentication);

#endif
