/* What a request for certain names means for the lineages that there are. */
#ifndef CW_FLOW_DUE_DECIDE_H
#define CW_FLOW_DUE_DECIDE_H

#include "flow/context.h"
#include "flow/issue/request.h"

enum cw_decision {
	CW_DECISION_NEW,   /* a new lineage */
	CW_DECISION_RENEW, /* a new version of an existing one */
	CW_DECISION_KEEP   /* nothing to do: what there is fits and is not due */
};

/*
 * Decides for NAMES under --cert-name, --expand, --duplicate, --force-renewal, --keep and
 * --renew-with-new-domains, asking where Certbot asks; without anybody to ask an error names the
 * option to give. *LINEAGE is the one to renew or keep, *NAME the new one's. A lineage keeps the
 * type of its key unless --key-type and --cert-name (or the user) say otherwise.
 */
int cw_decide(struct cw_context *context, struct cw_names *names, enum cw_decision *decision,
	      struct cw_lineage **lineage, char **name, struct cw_error *error);

/* What a renewal that was decided on may not do by accident: replace a real certificate with one of
 * a test CA, or change a key that is used again. */
int cw_check_renewal(const struct cw_settings *settings, const struct cw_lineage *lineage,
		     struct cw_error *error);

/* The plugin names that the settings select, "dist:" taken off; NULL where none is. A --nginx or -c
 * configurator stands for both; where names have authenticators of their own alone, it is the first
 * of these. Release with free(). */
void cw_selected_plugins(const struct cw_settings *settings, char **authenticator,
			 char **installer);

#endif
