/* Reads what the survey needs to know about a lineage. */
#ifndef CW_FLOW_DUE_LINEAGE_FACTS_H
#define CW_FLOW_DUE_LINEAGE_FACTS_H

#include <stdbool.h>
#include "flow/context.h"
#include "flow/due/due.h"
#include "flow/due/renewal_info.h"

struct cw_lineage_facts {
	char *fullchain;      /* its path below live/ */
	char *server;         /* the server to ask when to renew; NULL: none */
	char *certificate_id; /* for that question */
	char *certificate;    /* paths; NULL: it has no OCSP responder */
	char *chain;
	struct cw_due due;
	struct cw_ask_again_place place;
	bool is_renewed;   /* autorenew allows it to be renewed */
	bool has_steps;    /* --auto-hsts has begun */
	int64_t ask_again; /* the CA said recently that it is not due until then; 0: no */
};

/* Whether autorenew, in this run or in the renewal file, allows "renew" to renew it. */
bool cw_lineage_is_renewed(const struct cw_context *context, const struct cw_lineage *lineage);
/* Reads them. What would prevent a renewal (a missing plugin, an invalid value, a damaged
 * certificate) is an error, so that it is reported before the lineage is due. ASKED_FOR: the user
 * asked for these names, so the settings of the renewal file are ignored. */
int cw_lineage_facts_read(const struct cw_context *context, const struct cw_lineage *lineage,
			  bool asked_for, struct cw_lineage_facts *facts, struct cw_error *error);
void cw_lineage_facts_clear(struct cw_lineage_facts *facts);
#define cw_auto_lineage_facts cw_auto(cw_lineage_facts_clear)

#endif
