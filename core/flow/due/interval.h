/* Intervals as people write them in renewal files: "30 days", "1 month 3 days". */
#ifndef CW_FLOW_DUE_INTERVAL_H
#define CW_FLOW_DUE_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

struct cw_interval {
	double months; /* calendar months; a whole number */
	double seconds;
};

/*
 * Reads numbers with units as Certbot's parser (parsedatetime) does: units from years to seconds,
 * their abbreviations and plurals in any case, "a" and number words, decimal fractions, separated
 * by blanks, commas, '&', '+' or "and". "+30 days", "in 30 days" and "30 days from now" are 30
 * days. A number alone means days. False if TEXT is anything else, such as "-30 days".
 */
bool cw_interval_parse(const char *text, struct cw_interval *interval);
/* Returns the time INTERVAL before INSTANT, in seconds since the epoch; at least 0. */
int64_t cw_interval_before(const struct cw_interval *interval, int64_t instant);

#endif
