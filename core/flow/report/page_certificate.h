/* One certificate in the page. */
#ifndef CW_FLOW_REPORT_PAGE_CERTIFICATE_H
#define CW_FLOW_REPORT_PAGE_CERTIFICATE_H

#include <stdint.h>
#include "base/buf.h"
#include "base/json.h"

/* Adds the list item of CERTIFICATE, judged (flow/report/health.h), at NOW. */
void cw_page_add_certificate(struct json_object *certificate, int64_t now, struct cw_buf *out);

#endif
