/*
 * Records of certificates that a server does not use yet. Before live/ is switched to a new
 * version, WORK/certwright/install/NAME records what must follow. The record is removed when that
 * is done. After a failure or a kill, the next renew does it.
 */
#ifndef CW_FLOW_INSTALL_OWED_H
#define CW_FLOW_INSTALL_OWED_H

#include "flow/context.h"
#include "flow/issue/request.h"
#include "flow/work/begin.h"

/* What must follow. Each value includes the ones before it. */
enum cw_owed {
	CW_OWED_NOTHING,
	CW_OWED_RELOAD,      /* the server reads its files again (--disable-renew-updates) */
	CW_OWED_RENEWAL,     /* the installer is told of the new version, then a reload */
	CW_OWED_INSTALLATION /* an installation that "run" has started */
};

/* In a worker, just before the request's new version is saved: durably records what must follow, if
 * anything. If more is recorded already, that stays. */
int cw_owe_installation(const struct cw_context *context, const struct cw_request *request,
			struct cw_error *error);
/* What is recorded for the lineage NAME. *BEFORE: the version that its server has; 0: none. May be
 * NULL. */
enum cw_owed cw_owed_for(const struct cw_context *context, const char *name, unsigned *before);
/* Removes the record: the server now uses the certificate of the lineage NAME, or nothing is owed
 * for another reason. */
void cw_installation_settled(const struct cw_context *context, const char *name);
/* What follows a renewal is done: removes a recorded reload or renewal, but not an installation. */
void cw_renewal_settled(const struct cw_context *context, const char *name);
/* The lineages that have a record. */
void cw_installations_owed(const struct cw_context *context, struct cw_strv *names);
/*
 * Returns what is owed to the lineage of REQUEST. The request must have its settings and its
 * installer. ENHANCEMENTS gets the enhancements of an owed installation. If the lineage has no new
 * version or no installer, nothing is owed and the record is removed.
 */
enum cw_owed cw_installation_owed(const struct cw_context *context,
				  const struct cw_request *request, struct cw_strv *enhancements);

#endif
