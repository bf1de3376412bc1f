/* Choosing a lineage that there is: --cert-name, or a question. */
#ifndef CW_FLOW_CHOOSE_H
#define CW_FLOW_CHOOSE_H

#include "flow/context.h"

/* The name that --cert-name gives, if there is such a lineage; else the one that the user chooses
 * for QUESTION. Without anybody to ask an error names --cert-name. Release *NAME with free(). */
int cw_choose_lineage(struct cw_context *context, const char *question, char **name,
		      struct cw_error *error);

#endif
