/* Choosing the names for a certificate where none were given. */
#ifndef CW_FLOW_ASK_CHOOSE_NAMES_H
#define CW_FLOW_ASK_CHOOSE_NAMES_H

#include "flow/context.h"
#include "flow/issue/names.h"
#include "flow/work/begin.h"

/* Shows the user the names that INSTALLER (NULL: none) finds in its server's configuration to
 * choose among, or asks for them. Without anybody to ask an error names -d. */
int cw_choose_names(struct cw_context *context, struct cw_run *run, const char *installer,
		    struct cw_names *names, struct cw_error *error);
/* Has the user choose among ALL by their numbers; a blank answer chooses all, or where
 * BLANK_IS_ALL is false is asked again. */
int cw_choose_among_names(struct cw_context *context, const char *question,
			  const struct cw_strv *all, bool blank_is_all, struct cw_strv *chosen,
			  struct cw_error *error);

#endif
