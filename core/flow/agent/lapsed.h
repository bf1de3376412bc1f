/*
 * In a child: the certificate of a lineage has expired, as no CA could be asked in time. Until one
 * can, a self-signed certificate is the lineage's newest version. It has the lineage's own key, so
 * that whoever knows that key is not surprised.
 */
#ifndef CW_FLOW_AGENT_LAPSED_H
#define CW_FLOW_AGENT_LAPSED_H

#include "flow/agent/provided.h"

/* Makes such a version, or another one when its time is nearly over. Brings the file origin up to
 * date. */
int cw_settle_lineage(struct cw_context *context, const struct cw_managed *managed,
		      struct cw_settled *settled, struct cw_error *error);

#endif
