/* Decides what a request for certain names means for the existing lineages. */
#ifndef CW_FLOW_DUE_DECIDE_H
#define CW_FLOW_DUE_DECIDE_H

#include "flow/context.h"
#include "flow/issue/request.h"

enum cw_decision {
	CW_DECISION_NEW,   /* a new lineage */
	CW_DECISION_RENEW, /* a new version of an existing lineage */
	CW_DECISION_KEEP   /* nothing to do: an existing lineage fits and is not due */
};

/*
 * Decides for NAMES under --cert-name, --expand, --duplicate, --force-renewal, --keep and
 * --renew-with-new-domains, and asks when Certbot asks; without a terminal, the error names the
 * option to give. *LINEAGE is the one to renew or keep, *NAME the name of a new one. A lineage
 * keeps the type of its key unless --key-type and --cert-name (or the user) say otherwise.
 */
int cw_decide(struct cw_context *context, struct cw_names *names, enum cw_decision *decision,
	      struct cw_lineage **lineage, char **name, struct cw_error *error);

/* Refuses what a renewal must not do by accident: replace a trusted certificate with one from a
 * staging server, or change a key that is reused. */
int cw_check_renewal(const struct cw_settings *settings, const struct cw_lineage *lineage,
		     struct cw_error *error);

/* The plugins that the settings select, without "dist:"; NULL if none. --nginx or --configurator
 * means both. If only individual names have authenticators, the first of these. Release with
 * free(). */
void cw_selected_plugins(const struct cw_settings *settings, char **authenticator,
			 char **installer);

#endif
