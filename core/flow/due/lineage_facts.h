/* What a renewal's survey needs to know of a lineage, by reading alone. */
#ifndef CW_FLOW_DUE_LINEAGE_FACTS_H
#define CW_FLOW_DUE_LINEAGE_FACTS_H

#include <stdbool.h>
#include "flow/context.h"
#include "flow/due/due.h"
#include "flow/due/renewal_info.h"

struct cw_lineage_facts {
	char *fullchain;      /* its path below live/ */
	char *server;         /* that is to be asked for advice; NULL: none is */
	char *certificate_id; /* for that question */
	char *certificate;    /* paths; NULL: it has no OCSP responder */
	char *chain;
	struct cw_due due;
	struct cw_ask_again_place place;
	bool is_renewed; /* as autorenew says */
	bool waits;      /* the CA has said lately that there is time */
};

/* Whether autorenew, of this run or of the renewal file, lets "renew" renew it. */
bool cw_lineage_is_renewed(const struct cw_context *context, const struct cw_lineage *lineage);
/* Reads them. What would keep a renewal from beginning (a plugin that is not there, a wrong value,
 * a damaged certificate) is an error: it is said at once, not when the lineage is due. ASKED_FOR:
 * the user named the lineage's names, so that its renewal file does not count. */
int cw_lineage_facts_read(const struct cw_context *context, const struct cw_lineage *lineage,
			  bool asked_for, struct cw_lineage_facts *facts, struct cw_error *error);
void cw_lineage_facts_clear(struct cw_lineage_facts *facts);
#define cw_auto_lineage_facts cw_auto(cw_lineage_facts_clear)

#endif
