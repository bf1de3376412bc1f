/* When to ask the CA again. Private to acme/. */
#ifndef CW_ACME_POLL_H
#define CW_ACME_POLL_H

#include "acme/internal.h"

/*
 * How long to wait before the next poll. *INTERVAL is 0 before the first: then it starts at the
 * time that an exchange takes, at most 50 ms, and grows by half up to 5 s. A Retry-After holds
 * instead, but the last poll is made a second before DEADLINE whatever it says.
 */
int64_t cw_acme_poll_delay(int64_t *interval, const struct cw_acme_reply *reply, int64_t deadline);

#endif
