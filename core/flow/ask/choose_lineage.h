/* The questions of a verb before it begins: which lineage, and whether to go ahead. */
#ifndef CW_FLOW_ASK_CHOOSE_LINEAGE_H
#define CW_FLOW_ASK_CHOOSE_LINEAGE_H

#include "flow/context.h"

/* The lineage that --cert-name names, or that the user chooses if the verb asks. Without a
 * terminal, the error names --cert-name. Release *NAME with free(). */
int cw_choose_lineage(struct cw_context *context, char **name, struct cw_error *error);
/* The same for several lineages: --cert-name can be repeated, or have commas. */
int cw_choose_lineages(struct cw_context *context, struct cw_strv *names, struct cw_error *error);
/* Asks QUESTION before something that cannot be undone. The default answer is no; without a
 * terminal the answer is yes. No is CW_E_CANCELLED with the message REFUSED. */
int cw_confirm(struct cw_context *context, const char *question, const char *refused,
	       struct cw_error *error);

#endif
