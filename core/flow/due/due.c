#include "flow/due/due.h"
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/text.h"

#define DAY (24 * 3600)
#define SHORT_LIVED (10 * DAY)

struct unit {
	const char *name; /* singular; an "s" may follow */
	int64_t seconds;
};

static const struct unit units[] = {
	{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", DAY}, {"week", 7 * DAY},
};

/* "30 days", "12 hours"; a number alone is days, as Certbot takes it. */
static bool
parse_interval(const char *text, int64_t *seconds)
{
	cw_autofree char *copy = cw_strdup(text);
	char *trimmed = cw_trim(copy);
	size_t digits = strspn(trimmed, "0123456789");
	char *name = trimmed + digits;
	uint64_t number;

	if (digits == 0)
		return false;
	while (*name == ' ')
		*name++ = '\0';
	if (*name == '\0') {
		if (!cw_parse_uint(trimmed, 36500, &number))
			return false;
		*seconds = (int64_t)number * DAY;
		return true;
	}
	for (size_t i = 0; i < CW_COUNT(units); i++) {
		size_t length = strlen(units[i].name);

		if (strncmp(name, units[i].name, length) != 0 ||
		    (strcmp(name + length, "") != 0 && strcmp(name + length, "s") != 0))
			continue;
		cw_autofree char *count = cw_memdup(trimmed, digits);
		if (!cw_parse_uint(count, 3153600000U / (uint64_t)units[i].seconds, &number))
			return false;
		*seconds = (int64_t)number * units[i].seconds;
		return true;
	}
	return false;
}

int
cw_due_read(const struct cw_lineage *lineage, const struct cw_certificate_summary *certificate,
	    struct cw_due *due, struct cw_error *error)
{
	const char *interval = cw_configobj_get(lineage->config, "", "renew_before_expiry");
	int64_t start = certificate->not_before;
	int64_t end = certificate->not_after;
	int64_t lifetime = end > start ? end - start : 0;
	int64_t before = lifetime < SHORT_LIVED ? lifetime / 2 : lifetime / 3;

	due->by_interval = interval != NULL && strcmp(interval, "None") != 0;
	if (due->by_interval && !parse_interval(interval, &before)) {
		cw_fail(error, CW_E_INVALID, "renew_before_expiry in %s is \"%s\"",
			lineage->renewal_path, interval);
		cw_hint(error, "write a number and a unit, such as 30 days");
		return CW_E_INVALID;
	}
	due->expiry = end;
	due->when = end - before;
	return CW_OK;
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
