/*
 * Files made from templates. In a template @WORD@ stands for a text, and lines stand between
 *
 *     @if CONDITION@
 *     @else@         (may be left out)
 *     @end@
 *
 * which are lines of their own, cannot be nested, and are not written. What else stands between two
 * '@' is left as it is.
 */
#ifndef CW_FLOW_KIT_TEMPLATE_H
#define CW_FLOW_KIT_TEMPLATE_H

#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"

struct cw_template_word {
	const char *name;
	const char *text;
};

struct cw_template_values {
	const struct cw_template_word *words; /* the last has the name NULL */
	struct cw_strv conditions;            /* those that are true */
};

/* Appends the text that TEMPLATE makes to OUT. CW_E_INVALID, naming WHAT and the line, if its lines
 * with conditions do not match. */
int cw_template_expand(const char *template, const char *what,
		       const struct cw_template_values *values, struct cw_buf *out,
		       struct cw_error *error);

#endif
