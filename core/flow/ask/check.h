/* Values that the option table cannot judge, and options that contradict each other. */
#ifndef CW_FLOW_ASK_CHECK_H
#define CW_FLOW_ASK_CHECK_H

#include "base/error.h"
#include "base/option.h"
#include "flow/verb.h"

/*
 * Ports, sizes and time limits in their ranges; options that cannot be meant together, or with
 * VERB where it would do what the user asked not to be done. CW_E_USAGE with the options and the
 * way out.
 */
int cw_check_settings(const struct cw_verb *verb, const struct cw_settings *settings,
		      struct cw_error *error);

#endif
