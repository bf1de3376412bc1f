/* The status document as a web page: one file without anything from outside. */
#ifndef CW_FLOW_REPORT_PAGE_H
#define CW_FLOW_REPORT_PAGE_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/json.h"

/* Adds the page for STATUS, judged (flow/report/health.h), to OUT. WITH_POLICY: the page says its
 * Content-Security-Policy itself, as nobody sends it in a header. */
void cw_page_write(struct json_object *status, bool with_policy, struct cw_buf *out);
/* The policy (W3C CSP Level 3) that the page needs: nothing but its own style and script, by their
 * digests. For the header, also what only a header can say. Release with free(). */
char *cw_page_policy(bool for_header);

/* The sources in page/, made into a C file when certwright is built. */
extern const char cw_page_html[];
extern const char cw_page_certificate_html[];
extern const char cw_page_css[];
extern const char cw_page_js[];

#endif
