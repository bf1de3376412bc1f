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

void
cw_acme_polled_add(struct cw_acme_round *round, struct cw_acme_polled *polled, void *owner)
{
	polled->round = round;
	polled->owner = owner;
	if (round->last != NULL)
		round->last->next = polled;
	else
		round->first = polled;
	round->last = polled;
	round->batch.left++;
}

void
cw_acme_polled_settle(struct cw_acme_polled *polled)
{
	polled->settled = true;
	cw_acme_batch_one_done(&polled->round->batch);
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
	polled->call = cw_acme_call_start(polled->round->batch.acme, request, on_call_end, polled);
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
	polled->timer = cw_loop_timer(polled->round->batch.acme->loop, delay, on_timer, polled);
}

static void
stop(struct cw_acme_polled *polled)
{
	cw_acme_call_cancel(cw_take(&polled->call));
	cw_loop_cancel(polled->round->batch.acme->loop, cw_take(&polled->timer));
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
		round->time_out(polled->owner);
	}
}

int
cw_acme_round_run(struct cw_acme_round *round, struct cw_error *error)
{
	struct cw_loop *loop = round->batch.acme->loop;
	int64_t limit = round->deadline - cw_now_ms();
	int status;

	round->timer = cw_loop_timer(loop, limit > 0 ? limit : 0, on_deadline, round);
	status = cw_acme_batch_run(&round->batch, error);
	cw_loop_cancel(loop, cw_take(&round->timer));
	for (struct cw_acme_polled *polled = round->first; polled != NULL; polled = polled->next)
		stop(polled);
	return status;
}
