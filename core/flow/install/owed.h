/*
 * Records of certificates that a web server does not use yet. Before live/ is switched to a new
 * version, WORK/certwright/install/NAME records what must follow, a reload or an installation. The
 * record is removed when that is done. After a failure or a kill, the next renew does it.
 */
#ifndef CW_FLOW_INSTALL_OWED_H
#define CW_FLOW_INSTALL_OWED_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "flow/work/begin.h"

/* In a worker, just before the request's new version is saved: durably records what must follow, if
 * anything. A recorded installation is not replaced by a reload. */
int cw_owe_installation(const struct cw_context *context, const struct cw_request *request,
			struct cw_error *error);
/* Removes the record: the server now uses the certificate of the lineage NAME, or nothing is owed
 * for another reason. */
void cw_installation_settled(const struct cw_context *context, const char *name);
/* The server was reloaded: removes a recorded reload, but not an installation. */
void cw_reload_settled(const struct cw_context *context, const char *name);
/* The lineages that have a record. */
void cw_installations_owed(const struct cw_context *context, struct cw_strv *names);
/* What is recorded for a lineage. */
enum cw_owed { CW_OWED_NOTHING, CW_OWED_INSTALLATION, CW_OWED_RELOAD };
/*
 * What is owed to the lineage of REQUEST, which has its settings and its installer; ENHANCEMENTS
 * gets those of an installation. The record of a lineage without a new version or without an
 * installer is removed: nothing is owed then.
 */
enum cw_owed cw_installation_owed(const struct cw_context *context,
				  const struct cw_request *request, struct cw_strv *enhancements);

#endif
