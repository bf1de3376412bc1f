#include "acme/call.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

/* Of a pause whose length the server leaves to the client. */
enum { PAUSE_FIRST = 1000, PAUSE_MAX = 16000, JITTER_MAX = 250 };

bool
cw_acme_limited(const struct cw_acme_reply *reply)
{
	return reply->status == 429 || (reply->status == 503 && reply->retry_after >= 0);
}

int64_t
cw_acme_limit_pause(struct cw_acme *acme, const struct cw_acme_reply *reply)
{
	struct cw_acme_limit *limit = &acme->limit;

	if (reply->retry_after >= 0)
		return reply->retry_after + (int64_t)cw_random_below(JITTER_MAX);
	/* Of many answers that were under way together the first one counts. */
	if (limit->timer != NULL)
		return limit->until > cw_now_ms() ? limit->until - cw_now_ms() : 0;
	limit->pause = limit->pause == 0 ? PAUSE_FIRST : limit->pause * 2;
	if (limit->pause > PAUSE_MAX)
		limit->pause = PAUSE_MAX;
	return limit->pause + (int64_t)cw_random_below(JITTER_MAX);
}

static void
on_pause_over(void *context)
{
	struct cw_acme *acme = context;

	acme->limit.timer = NULL;
	cw_error_clear(&acme->limit.error);
	cw_acme_pump(acme);
}

void
cw_acme_limit_begin(struct cw_acme *acme, int64_t pause, const struct cw_error *error)
{
	struct cw_acme_limit *limit = &acme->limit;

	if (limit->timer != NULL && limit->until >= cw_now_ms() + pause)
		return;
	cw_loop_cancel(acme->loop, limit->timer);
	cw_error_clear(&limit->error);
	cw_error_copy(&limit->error, error);
	limit->until = cw_now_ms() + pause;
	limit->timer = cw_loop_timer(acme->loop, pause, on_pause_over, acme);
	cw_log_info("all requests to %s wait for %lld ms, as the CA asks", acme->directory_url,
		    (long long)pause);
}

void
cw_acme_limit_refuse_late(struct cw_acme *acme)
{
	for (struct cw_acme_call *call = acme->first_call; call != NULL; call = call->next) {
		if (call->phase != CW_ACME_QUEUED || call->deadline >= acme->limit.until)
			continue;
		cw_error_copy(&call->error, &acme->limit.error);
		cw_context(&call->error, "%s would have to wait for too long", call->what);
		cw_acme_call_fail_soon(call);
	}
}

void
cw_acme_limit_over(struct cw_acme *acme)
{
	acme->limit.pause = 0;
}
