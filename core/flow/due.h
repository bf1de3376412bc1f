/* Whether a certificate is due for renewal (reference: Renewal). */
#ifndef CW_FLOW_DUE_H
#define CW_FLOW_DUE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "store/lineage.h"

/*
 * By renew_before_expiry ("30 days") of the renewal file where that is set, else by lifetime: past
 * two thirds of it, past half when it is shorter than ten days. *WHEN is the instant that it is due
 * from.
 */
int cw_due_by_time(const struct cw_lineage *lineage, bool *due, int64_t *when,
		   struct cw_error *error);

#endif
