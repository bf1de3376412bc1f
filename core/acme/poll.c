#include "acme/poll.h"

#include "base/clock.h"
#include "base/mem.h"

enum { POLL_FIRST_MIN = 2, POLL_FIRST_MAX = 50, POLL_MAX = 5000, LAST_POLL_BEFORE_DEADLINE = 1000 };

int64_t
cw_acme_poll_delay(int64_t *interval, const struct cw_acme_reply *reply, int64_t deadline)
{
	int64_t delay;
	int64_t longest = deadline - LAST_POLL_BEFORE_DEADLINE - cw_now_ms();

	if (*interval == 0) {
		*interval = reply->elapsed;
		if (*interval < POLL_FIRST_MIN)
			*interval = POLL_FIRST_MIN;
		if (*interval > POLL_FIRST_MAX)
			*interval = POLL_FIRST_MAX;
	} else {
		*interval += *interval / 2;
		if (*interval > POLL_MAX)
			*interval = POLL_MAX;
	}
	if (reply->retry_after < 0)
		return *interval;
	/* "Now" would make a busy loop. */
	delay = reply->retry_after > *interval ? reply->retry_after : *interval;
	if (delay > longest)
		delay = longest > *interval ? longest : *interval;
	return delay;
}
