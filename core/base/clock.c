#include "base/clock.h"

#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* No server may make us wait longer; it also keeps sums of times far from overflow. */
static const int64_t RETRY_AFTER_MAX = INT64_C(365) * DAY;

static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const day_names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const long_day_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
					     "Friday", "Saturday", "Sunday"};

/* As written, not as counted: month 1 to 12, day 1 to 31. */
struct date_time {
	int64_t year;
	int month, day, hour, minute, second;
};

int64_t
cw_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
cw_time(void)
{
	return time(NULL);
}

/*
 * Days since 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March, so that
 * the leap day is the last one of a year, in eras of 400 years (146097 days).
 */
static int64_t
days_of_date(int64_t year, int month, int day)
{
	int64_t era, year_of_era, day_of_year;

	if (month <= 2)
		year--;
	era = (year >= 0 ? year : year - 399) / 400;
	year_of_era = year - era * 400;
	day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

static void
date_of_days(int64_t days, struct date_time *date)
{
	int64_t era, day_of_era, year_of_era, day_of_year, month;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = days - era * 146097;
	year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153;
	date->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
	date->month = (int)(month < 10 ? month + 3 : month - 9);
	date->year = year_of_era + era * 400 + (date->month <= 2 ? 1 : 0);
}

static int
days_in_month(int64_t year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* The rounded-down days of SECONDS; *REST: what is left of them. */
static int64_t
whole_days(int64_t seconds, int64_t *rest)
{
	*rest = seconds % DAY;
	if (*rest >= 0)
		return seconds / DAY;
	*rest += DAY;
	return seconds / DAY - 1;
}

int64_t
cw_seconds_of_utc(const struct tm *parts)
{
	return days_of_date((int64_t)parts->tm_year + 1900, parts->tm_mon + 1, parts->tm_mday) *
		       DAY +
	       parts->tm_hour * HOUR + parts->tm_min * MINUTE + parts->tm_sec;
}

int64_t
cw_months_before(int64_t seconds, int64_t months)
{
	int64_t rest, count;
	struct date_time date;

	date_of_days(whole_days(seconds, &rest), &date);
	count = date.year * 12 + date.month - 1 - months;
	date.year = (count >= 0 ? count : count - 11) / 12;
	date.month = (int)(count - date.year * 12) + 1;
	if (date.day > days_in_month(date.year, date.month))
		date.day = days_in_month(date.year, date.month);
	return days_of_date(date.year, date.month, date.day) * DAY + rest;
}

char *
cw_format_utc(int64_t seconds)
{
	int64_t rest;
	struct date_time date;

	date_of_days(whole_days(seconds, &rest), &date);
	return cw_format("%04lld-%02d-%02dT%02d:%02d:%02dZ", (long long)date.year, date.month,
			 date.day, (int)(rest / HOUR), (int)(rest % HOUR / MINUTE),
			 (int)(rest % MINUTE));
}

/* Seconds since the epoch of DATE, of which OFFSET (seconds) is the distance to UTC. */
static bool
seconds_of_date(const struct date_time *date, int offset, int64_t *seconds)
{
	int64_t result;

	if (date->month < 1 || date->month > 12 || date->day < 1 ||
	    date->day > days_in_month(date->year, date->month))
		return false;
	if (date->hour > 23 || date->minute > 59 || date->second > 60)
		return false;
	result = days_of_date(date->year, date->month, date->day) * DAY + date->hour * HOUR +
		 date->minute * MINUTE + date->second - offset;
	/* A leap second is the one after 23:59:59 UTC; it counts as the one that follows. */
	if (date->second == 60 && result % DAY != 0)
		return false;
	*seconds = result;
	return true;
}

/* The scanning functions below advance *AT only when they succeed. */

/* A number of exactly DIGITS digits (at most 9). */
static bool
scan_number(const char **at, int digits, int *value)
{
	int number = 0;

	for (int i = 0; i < digits; i++) {
		if ((*at)[i] < '0' || (*at)[i] > '9')
			return false;
		number = number * 10 + ((*at)[i] - '0');
	}
	*at += digits;
	*value = number;
	return true;
}

static bool
scan_text(const char **at, const char *text)
{
	if (!cw_starts_with(*at, text))
		return false;
	*at += strlen(text);
	return true;
}

/* One of COUNT names; VALUE (NULL: not wanted) is its position from 1. */
static bool
scan_name(const char **at, const char *const *names, size_t count, int *value)
{
	for (size_t i = 0; i < count; i++) {
		if (scan_text(at, names[i])) {
			if (value != NULL)
				*value = (int)i + 1;
			return true;
		}
	}
	return false;
}

static bool
scan_year(const char **at, struct date_time *date)
{
	int year;

	if (!scan_number(at, 4, &year))
		return false;
	date->year = year;
	return true;
}

static bool
scan_month_name(const char **at, struct date_time *date)
{
	return scan_name(at, month_names, CW_COUNT(month_names), &date->month);
}

/* hh:mm:ss */
static bool
scan_time(const char **at, struct date_time *date)
{
	return scan_number(at, 2, &date->hour) && scan_text(at, ":") &&
	       scan_number(at, 2, &date->minute) && scan_text(at, ":") &&
	       scan_number(at, 2, &date->second);
}

static bool
scan_offset(const char **at, int *offset)
{
	int sign, hours, minutes;

	*offset = 0;
	if (scan_text(at, "Z") || scan_text(at, "z"))
		return true;
	if (scan_text(at, "+"))
		sign = 1;
	else if (scan_text(at, "-"))
		sign = -1;
	else
		return false;
	if (!scan_number(at, 2, &hours) || !scan_text(at, ":") || !scan_number(at, 2, &minutes))
		return false;
	if (hours > 23 || minutes > 59)
		return false;
	*offset = sign * (hours * HOUR + minutes * MINUTE);
	return true;
}

static bool
scan_fraction(const char **at)
{
	size_t digits;

	if (**at != '.')
		return true;
	digits = strspn(*at + 1, "0123456789");
	*at += 1 + digits;
	return digits > 0;
}

bool
cw_parse_rfc3339(const char *text, int64_t *seconds)
{
	struct date_time date;
	int offset;

	return scan_year(&text, &date) && scan_text(&text, "-") &&
	       scan_number(&text, 2, &date.month) && scan_text(&text, "-") &&
	       scan_number(&text, 2, &date.day) &&
	       (scan_text(&text, "T") || scan_text(&text, "t")) && scan_time(&text, &date) &&
	       scan_fraction(&text) && scan_offset(&text, &offset) && *text == '\0' &&
	       seconds_of_date(&date, offset, seconds);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool
scan_imf_date(const char *at, struct date_time *date)
{
	return scan_name(&at, day_names, CW_COUNT(day_names), NULL) && scan_text(&at, ", ") &&
	       scan_number(&at, 2, &date->day) && scan_text(&at, " ") &&
	       scan_month_name(&at, date) && scan_text(&at, " ") && scan_year(&at, date) &&
	       scan_text(&at, " ") && scan_time(&at, date) && scan_text(&at, " GMT") && *at == '\0';
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" */
static bool
scan_rfc850_date(const char *at, struct date_time *date)
{
	struct date_time today;
	int year;

	if (!(scan_name(&at, long_day_names, CW_COUNT(long_day_names), NULL) &&
	      scan_text(&at, ", ") && scan_number(&at, 2, &date->day) && scan_text(&at, "-") &&
	      scan_month_name(&at, date) && scan_text(&at, "-") && scan_number(&at, 2, &year) &&
	      scan_text(&at, " ") && scan_time(&at, date) && scan_text(&at, " GMT") && *at == '\0'))
		return false;
	/* What would lie more than 50 years ahead is of the century before. */
	date_of_days(cw_time() / DAY, &today);
	date->year = today.year - today.year % 100 + year;
	if (date->year > today.year + 50)
		date->year -= 100;
	else if (date->year <= today.year - 50)
		date->year += 100;
	return true;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool
scan_asctime_date(const char *at, struct date_time *date)
{
	return scan_name(&at, day_names, CW_COUNT(day_names), NULL) && scan_text(&at, " ") &&
	       scan_month_name(&at, date) && scan_text(&at, " ") &&
	       (scan_text(&at, " ") ? scan_number(&at, 1, &date->day)
				    : scan_number(&at, 2, &date->day)) &&
	       scan_text(&at, " ") && scan_time(&at, date) && scan_text(&at, " ") &&
	       scan_year(&at, date) && *at == '\0';
}

bool
cw_parse_http_date(const char *text, int64_t *seconds)
{
	struct date_time date;

	if (!scan_imf_date(text, &date) && !scan_rfc850_date(text, &date) &&
	    !scan_asctime_date(text, &date))
		return false;
	return seconds_of_date(&date, 0, seconds);
}

bool
cw_parse_retry_after(const char *text, int64_t *milliseconds)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t delay;
	int64_t wait, date;

	if (digits > 0 && text[digits] == '\0') {
		if (!cw_parse_uint(text, (uint64_t)RETRY_AFTER_MAX, &delay))
			delay = (uint64_t)RETRY_AFTER_MAX;
		wait = (int64_t)delay;
	} else if (cw_parse_http_date(text, &date)) {
		wait = date - cw_time();
	} else {
		return false;
	}
	if (wait < 0)
		wait = 0;
	if (wait > RETRY_AFTER_MAX)
		wait = RETRY_AFTER_MAX;
	*milliseconds = wait * 1000;
	return true;
}

void
cw_random(void *data, size_t count)
{
	unsigned char *bytes = data;

	while (count > 0) {
		ssize_t got = getrandom(bytes, count, 0);

		if (got < 0 && errno == EINTR)
			continue;
		/* Nothing safe can be done without: keys and tokens come from here. */
		if (got <= 0)
			abort();
		bytes += got;
		count -= (size_t)got;
	}
}

uint64_t
cw_random_below(uint64_t limit)
{
	/* 2^64 modulo LIMIT: as many values are left out, for the others to be equally likely. */
	uint64_t skipped = -limit % limit;
	uint64_t value;

	do
		cw_random(&value, sizeof(value));
	while (value < skipped);
	return value % limit;
}
