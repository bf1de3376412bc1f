#include "flow/report/words.h"
#include "base/mem.h"

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* The first unit of which there are enough. */
static const struct {
	int64_t from;
	int64_t seconds;
	const char *one;
	const char *many;
} units[] = {
	{2 * 365 * DAY, 365 * DAY, "year", "years"},
	{100 * DAY, 30 * DAY, "month", "months"},
	{2 * DAY, DAY, "day", "days"},
	{HOUR, HOUR, "hour", "hours"},
	{MINUTE, MINUTE, "minute", "minutes"},
};

char *
cw_words_count(size_t count, const char *one, const char *many)
{
	return cw_format("%zu %s", count, count == 1 ? one : many);
}

char *
cw_words_duration(int64_t seconds)
{
	for (size_t i = 0; i < CW_COUNT(units); i++)
		if (seconds >= units[i].from)
			return cw_words_count((size_t)(seconds / units[i].seconds), units[i].one,
					      units[i].many);
	return cw_strdup("less than a minute");
}

char *
cw_words_relative(int64_t when, int64_t now)
{
	cw_autofree char *duration = cw_words_duration(when > now ? when - now : now - when);

	if (when > now - MINUTE && when < now + MINUTE)
		return cw_strdup("now");
	return when > now ? cw_format("in %s", duration) : cw_format("%s ago", duration);
}
