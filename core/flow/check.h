/* Values that the option table cannot judge. */
#ifndef CW_FLOW_CHECK_H
#define CW_FLOW_CHECK_H

#include "base/error.h"
#include "base/option.h"

/* Ports, sizes and time limits in their ranges. CW_E_USAGE with the option, the value and the
 * range. */
int cw_check_settings(const struct cw_settings *settings, struct cw_error *error);

#endif
