/* Time. */
#ifndef CW_BASE_CLOCK_H
#define CW_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds of the monotonic clock. */
int64_t cw_now_ms(void);
/* Seconds since the epoch. */
int64_t cw_time(void);
/* Of a time in UTC, which must be a valid one, as timegm() has it where time_t is large enough. */
int64_t cw_seconds_of_utc(const struct tm *parts);
/* The same time of day MONTHS before: on the same day of its month, or on the last one if the month
 * is shorter. */
int64_t cw_months_before(int64_t seconds, int64_t months);
/* "2026-01-31T12:00:00Z"; release with free(). */
char *cw_format_utc(int64_t seconds);
/* RFC 3339, with zone ("Z" or +hh:mm) and any fraction. */
bool cw_parse_rfc3339(const char *text, int64_t *seconds);
/* An HTTP-date (RFC 9110 section 5.6.7), all three forms. */
bool cw_parse_http_date(const char *text, int64_t *seconds);
/* A Retry-After value (RFC 9110 section 10.2.3), seconds or HTTP-date, as milliseconds from now: 0
 * when past, at most 365 days. */
bool cw_parse_retry_after(const char *text, int64_t *milliseconds);
/* COUNT random bytes from the kernel. Ends the program if there are none, which does not happen on
 * Linux. */
void cw_random(void *data, size_t count);
/* A uniform random number below LIMIT (> 0). */
uint64_t cw_random_below(uint64_t limit);

#endif
