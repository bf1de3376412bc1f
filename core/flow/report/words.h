/* Numbers and times as people say them. Release all with free(). */
#ifndef CW_FLOW_REPORT_WORDS_H
#define CW_FLOW_REPORT_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* SECONDS (0 or more) in its largest unit: "3 days", "1 hour", "less than a minute". From 100 days
 * on in months, from two years on in years. Rounded down. */
char *cw_words_duration(int64_t seconds);
/* "in 3 days", "3 days ago", "now" for WHEN seen from NOW, in seconds since the epoch. */
char *cw_words_relative(int64_t when, int64_t now);
/* "1 certificate", "12 certificates" */
char *cw_words_count(size_t count, const char *one, const char *many);

#endif
