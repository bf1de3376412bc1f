#include "flow/agent/plan.h"
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* Questions to the CA are put off to common moments: a thousand certificates wake the agent once.
 */
#define ASK_GRID (10 * MINUTE)
#define ASK_AFTER_SILENCE (6 * HOUR)
#define TAKE_OVER_MAX (3 * DAY)
#define UNTIL_MAX (30 * DAY)

const char *
cw_plan_action_name(enum cw_plan_action action)
{
	static const char *const names[] = {[CW_PLAN_CHECK] = "check",
					    [CW_PLAN_ASK] = "ask",
					    [CW_PLAN_RENEW] = "renew",
					    [CW_PLAN_RETRY] = "retry"};

	return names[action];
}

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The window that counts now. */
static struct cw_plan_choice
find_window(const struct cw_plan_facts *facts, const struct cw_plan_choice *choice)
{
	int64_t jitter = facts->by_interval ? 0 : larger(facts->expiry - facts->when, 0) / 10;

	if (facts->end != 0)
		return (struct cw_plan_choice){
			.start = facts->start, .end = facts->end, .by_ca = true};
	/* The CA was not asked, or did not answer: what it said last counts. */
	if (choice->by_ca && (facts->ask_again != 0 || facts->unanswered))
		return *choice;
	return (struct cw_plan_choice){.start = facts->when, .end = facts->when + jitter};
}

static void
choose(const struct cw_plan_facts *facts, struct cw_plan_choice *choice)
{
	struct cw_plan_choice window = find_window(facts, choice);
	int64_t length = window.end - window.start;

	if (choice->time != 0 && window.start == choice->start && window.end == choice->end &&
	    window.by_ca == choice->by_ca)
		return;
	*choice = window;
	choice->time = window.start + (length > 0 ? (int64_t)cw_random_below((uint64_t)length) : 0);
}

static int64_t
next_question(const struct cw_plan_facts *facts)
{
	int64_t left = larger(facts->expiry - facts->now, 0);
	int64_t grid = larger(smaller(ASK_GRID, left / 100), 1);

	if (facts->ask_again != 0)
		return (facts->ask_again + grid - 1) / grid * grid;
	if (facts->unanswered)
		return facts->now + larger(smaller(ASK_AFTER_SILENCE, left / 10), MINUTE);
	return CW_PLAN_NEVER;
}

enum cw_plan_action
cw_plan_next(const struct cw_plan_facts *facts, struct cw_plan_choice *choice, int64_t *time)
{
	int64_t ask;

	if (facts->due) {
		*time = facts->now;
		return CW_PLAN_RENEW;
	}
	if (!facts->is_renewed) {
		*time = CW_PLAN_NEVER;
		return CW_PLAN_CHECK;
	}
	choose(facts, choice);
	ask = next_question(facts);
	*time = larger(choice->time, facts->now);
	if (ask >= *time)
		return CW_PLAN_RENEW;
	*time = ask;
	return CW_PLAN_ASK;
}

/* How the waits grow: what others have to do takes longer than what heals by itself. */
static const struct {
	const char *kind;
	int64_t first, most;
	unsigned factor;
} waits[] = {
	{"dns", MINUTE, 6 * HOUR, 2},
	{"challenge", MINUTE, DAY, 3}, /* CAs allow few failed validations in an hour */
	{"rate-limit", HOUR, DAY, 2},
	{"ca-down", MINUTE, HOUR, 2},
	{"account", 10 * MINUTE, DAY, 2},
	{"disk", MINUTE, HOUR, 2},
	{"other", MINUTE, DAY, 2},
};

int64_t
cw_plan_retry(const char *kind, unsigned attempts, int64_t now, int64_t expiry, int64_t until)
{
	size_t index = CW_COUNT(waits) - 1;
	int64_t wait;

	for (size_t i = 0; i < CW_COUNT(waits); i++)
		if (strcmp(waits[i].kind, kind) == 0)
			index = i;
	wait = waits[index].first;
	for (unsigned i = 1; i < attempts && wait < waits[index].most; i++)
		wait *= waits[index].factor;
	wait = smaller(wait, waits[index].most);
	if (expiry > now)
		wait = smaller(wait, larger((expiry - now) / 10, MINUTE));
	wait += (int64_t)cw_random_below((uint64_t)wait / 10 + 1);
	return larger(now + smaller(wait, DAY), until);
}

int64_t
cw_plan_time_in(const char *text, int64_t now)
{
	static const char word[] = "after ";
	const char *at = text;

	if (text == NULL)
		return 0;
	while ((at = strstr(at, word)) != NULL) {
		char stamp[sizeof("2026-11-30T06:00:00Z")] = "";
		int64_t when;

		at += sizeof(word) - 1;
		strncpy(stamp, at, sizeof(stamp) - 2);
		stamp[10] = 'T';
		stamp[sizeof(stamp) - 2] = 'Z';
		if (cw_parse_rfc3339(stamp, &when) && when > now && when - now < UNTIL_MAX)
			return when;
	}
	return 0;
}

int64_t
cw_plan_earliest(int64_t latest, int64_t before, int64_t not_before, int64_t expiry)
{
	int64_t near = larger((expiry - not_before) / 20, HOUR);

	return before != 0 && latest - before < near ? latest + near : 0;
}

int64_t
cw_plan_take_over(int64_t not_before, int64_t expiry)
{
	return expiry - smaller(larger(expiry - not_before, 0) / 10, TAKE_OVER_MAX);
}

int64_t
cw_plan_expiring(int64_t not_before, int64_t expiry)
{
	return expiry - larger(expiry - not_before, 0) / 6;
}
