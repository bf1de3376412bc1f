/* The authenticators of a batch: an instance of each plugin that some of its names are for. */
#ifndef CW_FLOW_ISSUE_AUTHENTICATION_H
#define CW_FLOW_ISSUE_AUTHENTICATION_H

#include "acme/client.h"
#include "flow/context.h"
#include "flow/issue/request.h"
#include "flow/work/workers.h"
#include "plugin/instance.h"

struct cw_authentication;

/*
 * Opens and prepares them, always in the same order, so that two runs which wait for each other's
 * exclusive directories cannot block each other. Where there are several, and the request can do
 * without some of its names (--allow-subset-of-names), one that is not ready fails its own names
 * alone.
 */
int cw_authentication_open(struct cw_context *context, const struct cw_services *services,
			   const struct cw_batch *batch, struct cw_authentication **authentication,
			   struct cw_error *error);
void cw_authentication_close(struct cw_authentication *authentication); /* NULL is allowed */

/* Chooses a challenge for each pending authorization of ORDER. Each for which there is none gets an
 * error; the others' challenges are not published then, as the order is of no use. */
void cw_authentication_choose(struct cw_authentication *authentication,
			      const struct cw_request *request, struct cw_acme_order *order);
/* Publishes what was chosen; the authorizations that failed get their errors. */
void cw_authentication_perform(struct cw_authentication *authentication);
/* With --debug-challenges: shows what is in place and waits for the user, where there is one. */
int cw_authentication_show(const struct cw_authentication *authentication,
			   const struct cw_settings *settings, const struct cw_asker *asker,
			   struct cw_error *error);
/* Undoes perform, and forgets what was chosen. What fails is a warning in the log. */
void cw_authentication_cleanup(struct cw_authentication *authentication);

#endif
