/* A certificate of the status document in words and as a bar: what the page and the table share. */
#ifndef CW_FLOW_REPORT_DESCRIBE_H
#define CW_FLOW_REPORT_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/json.h"

/* Its state in a word or two: "valid", "renewal fails". A string that lives for ever. */
const char *cw_describe_state(struct json_object *certificate);
/* The following are to be released with free(). NOW: seconds since the epoch. */

/* "expires in 3 months", "expired 2 days ago"; NULL if there is no date. */
char *cw_describe_expiry(struct json_object *certificate, int64_t now);
/* What happens to it next: "renews in 30 days", "renewed by you". */
char *cw_describe_next(struct json_object *certificate, int64_t now);

/* Its life from 0 to CW_LIFE. */
#define CW_LIFE 1000
struct cw_life {
	int elapsed;
	int window_start, window_end; /* equal: there is no window */
};

/* False if it has no dates. */
bool cw_describe_life(struct json_object *certificate, int64_t now, struct cw_life *life);

/* The certificates of STATUS, judged (flow/report/health.h): the worst first, then by expiry, then
 * by name. *COUNT of them; release the array, not them, with free(). */
struct json_object **cw_describe_order(struct json_object *status, size_t *count);

#endif
