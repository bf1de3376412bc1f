/* The status document as a table for a terminal. */
#ifndef CW_FLOW_REPORT_TABLE_H
#define CW_FLOW_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/json.h"

struct cw_table_style {
	size_t width;    /* columns; what has no room is left out */
	bool colour;     /* ECMA-48 colours */
	bool characters; /* the terminal shows UTF-8: block characters in the bars */
};

/* Adds a headline and a row for each certificate, the worst first, to OUT; below those that need
 * attention, why, and what to do. STATUS was judged (flow/report/health.h) and made printable. */
void cw_table_write(struct json_object *status, const struct cw_table_style *style,
		    struct cw_buf *out);

#endif
