#include "flow/due/due.h"
#include <string.h>
#include "base/clock.h"
#include "flow/due/interval.h"

#define DAY (24 * 3600)
#define SHORT_LIVED (10 * DAY)

void
cw_due_read(const struct cw_lineage *lineage, const struct cw_certificate_summary *certificate,
	    struct cw_due *due)
{
	const char *interval_text = cw_configobj_get(lineage->config, "", "renew_before_expiry");
	int64_t start = certificate->not_before;
	int64_t end = certificate->not_after;
	int64_t lifetime = end > start ? end - start : 0;
	bool is_set = interval_text != NULL && strcmp(interval_text, "None") != 0;
	struct cw_interval interval;

	due->expiry = end;
	due->by_interval = is_set && cw_interval_parse(interval_text, &interval);
	due->is_unclear = is_set && !due->by_interval;
	due->when = due->by_interval ? cw_interval_before(&interval, end)
				     : end - (lifetime < SHORT_LIVED ? lifetime / 2 : lifetime / 3);
}

bool
cw_due_anyway(const struct cw_due *due, int64_t now)
{
	return now >= due->expiry || (due->by_interval && now >= due->when);
}

bool
cw_due_decide(const struct cw_due *due, enum cw_advice advice, int64_t now)
{
	if (cw_due_anyway(due, now) || advice == CW_ADVICE_RENEW)
		return true;
	return advice == CW_ADVICE_NONE && !due->by_interval && now >= due->when;
}

enum cw_advice
cw_due_by_window(int64_t start, int64_t end, int64_t now)
{
	uint64_t length = end > start ? (uint64_t)end - (uint64_t)start : 1;

	if (now < start)
		return CW_ADVICE_WAIT;
	if (now >= end)
		return CW_ADVICE_RENEW;
	return cw_random_below(length) <= (uint64_t)now - (uint64_t)start ? CW_ADVICE_RENEW
									  : CW_ADVICE_WAIT;
}
