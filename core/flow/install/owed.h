/*
 * New certificates that a web server does not use yet: before live/ is switched to a new version,
 * WORK/certwright/install/NAME says what is to follow, a reload or a whole installation; it goes
 * when that has been done. What a failure or a kill leaves, the next renew does.
 */
#ifndef CW_FLOW_INSTALL_OWED_H
#define CW_FLOW_INSTALL_OWED_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "flow/work/begin.h"

/* In a worker, just before the request's new version is saved: durably records what the request
 * says is to follow, if anything. A recorded installation is not made a mere reload. */
int cw_owe_installation(const struct cw_context *context, const struct cw_request *request,
			struct cw_error *error);
/* The server uses the lineage NAME's certificate now (a worker says so as soon as it has made that
 * live), or nothing is owed for another reason. */
void cw_installation_settled(const struct cw_context *context, const char *name);
/* The server was reloaded; an installation stays owed. */
void cw_reload_settled(const struct cw_context *context, const char *name);
/* The lineages that have a record. */
void cw_installations_owed(const struct cw_context *context, struct cw_strv *names);
/*
 * Makes the installation that is owed to the lineage of REQUEST, which has its settings and its
 * installer, or has *RELOAD say that a reload is owed, which the caller makes. Nothing is owed to a
 * lineage that has no new version or no installer any more; its record goes.
 */
int cw_installation_pay(struct cw_context *context, struct cw_run *run, struct cw_request *request,
			bool *reload, struct cw_error *error);

#endif
