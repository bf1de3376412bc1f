#include "flow/due/interval.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "base/clock.h"
#include "base/text.h"

#define MINUTE 60
#define HOUR 3600
#define DAY 86400
#define MONTH (30 * DAY) /* of a fraction of a month */
/* Nothing is older than the epoch, so what is longer than this makes no difference. */
#define MONTHS_MAX (12 * 10000)
#define NUMBER_MAX 1e12

struct unit {
	const char *names[4]; /* without the plural's "s" */
	int months;
	int seconds;
};

static const struct unit units[] = {
	{{"year", "yr", "y"}, 12, 0},      {{"month", "mth"}, 1, 0},
	{{"week", "wk", "w"}, 0, 7 * DAY}, {{"day", "dy", "d"}, 0, DAY},
	{{"hour", "hr", "h"}, 0, HOUR},    {{"minute", "min", "m"}, 0, MINUTE},
	{{"second", "sec", "s"}, 0, 1},
};

static const struct {
	const char *word;
	int value;
} number_words[] = {
	{"a", 1},         {"an", 1},        {"zero", 0},     {"one", 1},      {"two", 2},
	{"three", 3},     {"four", 4},      {"five", 5},     {"six", 6},      {"seven", 7},
	{"eight", 8},     {"nine", 9},      {"ten", 10},     {"eleven", 11},  {"twelve", 12},
	{"thirteen", 13}, {"fourteen", 14}, {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17},
	{"eighteen", 18}, {"nineteen", 19}, {"twenty", 20},  {"thirty", 30},  {"forty", 40},
	{"fifty", 50},    {"sixty", 60},    {"seventy", 70}, {"eighty", 80},  {"ninety", 90},
};

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Moves *AT behind the letters there, and returns them in lower case; release with free(). */
static char *
take_word(const char **at)
{
	size_t length = 0;
	char *word;

	while (is_letter((*at)[length]))
		length++;
	word = cw_lower(cw_memdup(*at, length));
	*at += length;
	return word;
}

static bool
is_name_of(const char *word, const struct unit *unit)
{
	for (size_t i = 0; i < CW_COUNT(unit->names) && unit->names[i] != NULL; i++) {
		size_t length = strlen(unit->names[i]);

		if (strncmp(word, unit->names[i], length) == 0 &&
		    (word[length] == '\0' || strcmp(word + length, "s") == 0))
			return true;
	}
	return false;
}

static const struct unit *
find_unit(const char *word)
{
	for (size_t i = 0; i < CW_COUNT(units); i++)
		if (is_name_of(word, &units[i]))
			return &units[i];
	return NULL;
}

static bool
take_number_word(const char **at, double *whole)
{
	cw_autofree char *word = take_word(at);

	for (size_t i = 0; i < CW_COUNT(number_words); i++) {
		if (strcmp(word, number_words[i].word) == 0) {
			*whole = number_words[i].value;
			return true;
		}
	}
	return false;
}

static bool
take_number(const char **at, double *whole, double *fraction)
{
	*whole = *fraction = 0;
	if (!is_digit(**at))
		return take_number_word(at, whole);
	for (; is_digit(**at); (*at)++)
		*whole = *whole < NUMBER_MAX ? *whole * 10 + (**at - '0') : *whole;
	if (**at != '.')
		return true;
	(*at)++;
	for (double place = 0.1; is_digit(**at); (*at)++, place /= 10)
		*fraction += place * (**at - '0');
	return true;
}

static bool
skip_word(const char **at, const char *word)
{
	size_t length = strlen(word);

	if (strncasecmp(*at, word, length) != 0 || is_letter((*at)[length]))
		return false;
	*at += length;
	*at += strspn(*at, " \t");
	return true;
}

static void
skip_separators(const char **at)
{
	do
		*at += strspn(*at, " \t,&");
	while (skip_word(at, "and"));
}

static void
skip_sign(const char **at)
{
	if (**at == '+')
		*at += 1 + strspn(*at + 1, " \t");
}

static bool
is_end(const char *at)
{
	return *at == '\0' || (skip_word(&at, "from") && skip_word(&at, "now") && *at == '\0');
}

bool
cw_interval_parse(const char *text, struct cw_interval *interval)
{
	const char *at = text;

	*interval = (struct cw_interval){0};
	skip_separators(&at);
	if (!skip_word(&at, "in"))
		skip_word(&at, "within");
	if (*at == '\0')
		return false;
	for (bool first = true; first || !is_end(at); first = false) {
		cw_autofree char *word = NULL;
		const struct unit *unit;
		double whole, fraction;
		bool digits;

		skip_sign(&at);
		digits = is_digit(*at);
		if (!take_number(&at, &whole, &fraction))
			return false;
		at += strspn(at, " \t");
		if (first && digits && *at == '\0') {
			interval->seconds = whole * DAY;
			return fraction == 0;
		}
		word = take_word(&at);
		unit = find_unit(word);
		if (unit == NULL)
			return false;
		interval->months += whole * unit->months;
		interval->seconds += fraction * unit->months * MONTH;
		interval->seconds += (whole + fraction) * unit->seconds;
		skip_separators(&at);
	}
	return true;
}

int64_t
cw_interval_before(const struct cw_interval *interval, int64_t instant)
{
	int64_t start;

	if (interval->months > MONTHS_MAX)
		return 0;
	/* As Certbot counts them. */
	start = cw_months_before(instant, (int64_t)interval->months);
	return interval->seconds >= (double)start ? 0 : start - (int64_t)interval->seconds;
}
