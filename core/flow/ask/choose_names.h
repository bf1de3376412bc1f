/* Chooses the names for a certificate if none were given. */
#ifndef CW_FLOW_ASK_CHOOSE_NAMES_H
#define CW_FLOW_ASK_CHOOSE_NAMES_H

#include "flow/context.h"
#include "flow/issue/names.h"
#include "flow/work/begin.h"

/* Lets the user choose from the names that INSTALLER (NULL: none) finds in its server's
 * configuration, or asks for names. Without a terminal, the error names -d. */
int cw_choose_names(struct cw_context *context, const char *installer, struct cw_names *names,
		    struct cw_error *error);
/* Lets the user choose from ALL by number. An empty answer chooses all, or is asked again if
 * BLANK_IS_ALL is false. */
int cw_choose_among_names(struct cw_context *context, const char *question,
			  const struct cw_strv *all, bool blank_is_all, struct cw_strv *chosen,
			  struct cw_error *error);

#endif
