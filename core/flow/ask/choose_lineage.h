/* What verbs ask before they begin: which of the lineages, and whether really. */
#ifndef CW_FLOW_ASK_CHOOSE_LINEAGE_H
#define CW_FLOW_ASK_CHOOSE_LINEAGE_H

#include "flow/context.h"

/* The name that --cert-name gives, if there is such a lineage; else the one that the user chooses
 * when the verb asks which. Without anybody to ask an error names --cert-name. Release *NAME with
 * free(). */
int cw_choose_lineage(struct cw_context *context, char **name, struct cw_error *error);
/* The same for several: --cert-name may have been given several times, or have commas. */
int cw_choose_lineages(struct cw_context *context, struct cw_strv *names, struct cw_error *error);
/* Asks QUESTION before what cannot be undone, with "no" as the answer that Enter gives; nobody to
 * ask is a yes. A no is CW_E_CANCELLED with REFUSED as its message. */
int cw_confirm(struct cw_context *context, const char *question, const char *refused,
	       struct cw_error *error);

#endif
