/* The status document as metrics for Prometheus and for what reads its formats. */
#ifndef CW_FLOW_REPORT_METRICS_H
#define CW_FLOW_REPORT_METRICS_H

#include "base/buf.h"
#include "base/json.h"

enum cw_metrics_format {
	CW_METRICS_OPEN, /* OpenMetrics 1.0, which ends with "# EOF" */
	CW_METRICS_TEXT  /* Prometheus' text format 0.0.4, also for node_exporter's textfiles */
};

/* The media type of a format. */
const char *cw_metrics_type(enum cw_metrics_format format);
/* Adds the metrics of STATUS, judged (flow/report/health.h), to OUT. Those of the agent's own work
 * are left out where there is none. */
void cw_metrics_write(struct json_object *status, enum cw_metrics_format format,
		      struct cw_buf *out);

#endif
