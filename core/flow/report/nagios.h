/* The status document as the output of a monitoring plugin: Nagios, Icinga and others. */
#ifndef CW_FLOW_REPORT_NAGIOS_H
#define CW_FLOW_REPORT_NAGIOS_H

#include "base/error.h"
#include "base/json.h"
#include "base/strv.h"

enum { CW_NAGIOS_OK, CW_NAGIOS_WARNING, CW_NAGIOS_CRITICAL, CW_NAGIOS_UNKNOWN };

/*
 * Adds to LINES one with performance data, "CERTWRIGHT WARNING - ... | certificates=12 ...", and
 * one for each certificate that needs attention, critical ones first. Returns the exit status, one
 * of the above; no certificate at all is CW_NAGIOS_UNKNOWN. STATUS was judged
 * (flow/report/health.h).
 */
int cw_nagios_write(struct json_object *status, struct cw_strv *lines);
/* The same where there is no document. */
int cw_nagios_write_error(const struct cw_error *error, struct cw_strv *lines);

#endif
