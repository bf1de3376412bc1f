#include "acme/poll.h"

#include "base/clock.h"
#include "base/mem.h"

enum { POLL_FIRST_MIN = 2, POLL_FIRST_MAX = 50, POLL_MAX = 5000, LAST_POLL_BEFORE_DEADLINE = 1000 };

int64_t
cw_acme_poll_delay(int64_t *interval, const struct cw_acme_reply *reply, int64_t deadline)
{
	int64_t delay;
	int64_t longest = deadline - LAST_POLL_BEFORE_DEADLINE - cw_now_ms();
	bool first = *interval == 0;

	if (first) {
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
		return first && reply->elapsed >= POLL_FIRST_MAX ? 0 : *interval;
	/* "Now" would make a busy loop. */
	delay = reply->retry_after > *interval ? reply->retry_after : *interval;
	if (delay > longest)
		delay = longest > *interval ? longest : *interval;
	return delay;
}

void
cw_acme_polled_add(struct cw_acme_round *round, struct cw_acme_polled *polled,
		   void (*time_out)(void *owner), void *owner)
{
	polled->round = round;
	polled->time_out = time_out;
	polled->owner = owner;
	if (round->last != NULL)
		round->last->next = polled;
	else
		round->first = polled;
	round->last = polled;
	round->operation.left++;
}

void
cw_acme_polled_settle(struct cw_acme_polled *polled)
{
	polled->settled = true;
	cw_acme_operation_one_done(&polled->round->operation);
}

static void
on_call_end(void *context, struct cw_acme_reply *reply, struct cw_error *error)
{
	struct cw_acme_polled *polled = context;

	polled->call = NULL;
	polled->on_reply(polled->owner, reply, error);
}

void
cw_acme_polled_ask(struct cw_acme_polled *polled, struct cw_acme_request *request,
		   cw_acme_callback on_reply)
{
	request->deadline = polled->round->deadline;
	polled->on_reply = on_reply;
	polled->call =
		cw_acme_call_start(polled->round->operation.acme, request, on_call_end, polled);
}

static void
on_timer(void *context)
{
	struct cw_acme_polled *polled = context;

	polled->timer = NULL;
	polled->on_due(polled->owner);
}

void
cw_acme_polled_later(struct cw_acme_polled *polled, int64_t delay, cw_timer_callback on_due)
{
	polled->on_due = on_due;
	polled->timer = cw_loop_timer(polled->round->operation.acme->loop, delay, on_timer, polled);
}

static void
stop(struct cw_acme_polled *polled)
{
	cw_acme_call_cancel(cw_take(&polled->call));
	cw_loop_cancel(polled->round->operation.acme->loop, cw_take(&polled->timer));
}

static void
on_deadline(void *context)
{
	struct cw_acme_round *round = context;

	round->timer = NULL;
	for (struct cw_acme_polled *polled = round->first; polled != NULL; polled = polled->next) {
		if (polled->settled)
			continue;
		stop(polled);
		polled->time_out(polled->owner);
	}
}

void
cw_acme_round_begun(struct cw_acme_round *round)
{
	int64_t limit = round->deadline - cw_now_ms();

	round->timer = cw_loop_timer(round->operation.acme->loop, limit > 0 ? limit : 0,
				     on_deadline, round);
	cw_acme_operation_one_done(&round->operation);
}

void
cw_acme_round_stop(struct cw_acme_round *round)
{
	cw_loop_cancel(round->operation.acme->loop, cw_take(&round->timer));
	for (struct cw_acme_polled *polled = round->first; polled != NULL; polled = polled->next)
		stop(polled);
}
