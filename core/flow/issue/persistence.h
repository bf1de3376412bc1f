/* dns-persist-01 in an issuance: whether the persistent records (acme/persistent.h) are there. */
#ifndef CW_FLOW_ISSUE_PERSISTENCE_H
#define CW_FLOW_ISSUE_PERSISTENCE_H

#include "acme/client.h"
#include "acme/persistent.h"
#include "flow/issue/request.h"
#include "flow/work/lookup.h"

struct cw_context;
struct cw_persistence;

/* Called once from the loop. */
typedef void (*cw_persistence_done)(void *context);

/*
 * Looks for the records of all pending authorizations of COUNT orders that offer dns-persist-01, if
 * the request may use it. ORDERS[i] belongs to REQUESTS[i]. If a request prefers dns-persist-01, a
 * record above a name will do, if it is for the names below it. Returns NULL if there is nothing to
 * look for.
 */
struct cw_persistence *cw_persistence_start(struct cw_context *context,
					    const struct cw_request *const *requests,
					    struct cw_acme_order *const *orders, size_t count,
					    cw_persistence_done done, void *done_context);
/* Whether the CA will find a record for AUTHORIZATION. If not, *WHY says why in a sentence; NULL if
 * dns-persist-01 is not offered or the request does not use it. Release it with free(). */
bool cw_persistence_has(const struct cw_persistence *persistence, const struct cw_request *request,
			const struct cw_acme_authorization *authorization, char **why);
/* Adds to RECORDS the names of the records that may count for NAME: its own and, if SETTINGS prefer
 * dns-persist-01, those above it. */
void cw_persistence_add_records(const struct cw_settings *settings, const char *name,
				struct cw_strv *records);
/* What LOOKUP, of these records, has found above NAME that counts for it; NULL: nothing. */
const struct cw_lookup_found *cw_persistence_above(const struct cw_lookup *lookup,
						   const struct cw_settings *settings,
						   const struct cw_acme_persistent *wanted,
						   const char *name);
/* Cancels the lookup. NULL is allowed. */
void cw_persistence_free(struct cw_persistence *persistence);

#endif
