/* Intervals as people write them in renewal files: "30 days", "1 month 3 days". */
#ifndef CW_FLOW_DUE_INTERVAL_H
#define CW_FLOW_DUE_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

struct cw_interval {
	double months; /* of the calendar, whole */
	double seconds;
};

/*
 * Reads numbers with units, as Certbot's parser (parsedatetime) takes them: years to seconds, their
 * abbreviations and plurals in any letter case, "a" and the words for one to twelve, decimal
 * fractions, and blanks, commas or "and" between them. Digits alone are days. False when TEXT is
 * anything else.
 */
bool cw_interval_parse(const char *text, struct cw_interval *interval);
/* The instant INTERVAL before INSTANT, in seconds since the epoch; 0 where it would be earlier. */
int64_t cw_interval_before(const struct cw_interval *interval, int64_t instant);

#endif
