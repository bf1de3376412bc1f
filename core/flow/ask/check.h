/* Checks what the option table cannot: ranges, and options that exclude each other. */
#ifndef CW_FLOW_ASK_CHECK_H
#define CW_FLOW_ASK_CHECK_H

#include "base/error.h"
#include "base/option.h"
#include "flow/verb.h"

/*
 * Checks the ranges of ports, sizes and time limits, options that exclude each other, and options
 * that VERB does not support. CW_E_USAGE names the options; the hint says what to do.
 */
int cw_check_settings(const struct cw_verb *verb, const struct cw_settings *settings,
		      struct cw_error *error);

#endif
