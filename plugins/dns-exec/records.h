/* The TXT records of dns-01 challenges: where they are to be written, and waiting until they are
 * seen. Shared by the authenticators that write them. */
#ifndef DNS_EXEC_RECORDS_H
#define DNS_EXEC_RECORDS_H

#include <certwright/plugin.h>

/*
 * The name of each challenge's record without a trailing dot: its location, or with FOLLOW what
 * that is an alias (CNAME) of. Where that cannot be found out it is the location, with a warning.
 * An array of COUNT strings; release with record_names_free(). NULL when memory is out.
 */
char **record_names(const struct cw_host *host, struct cw_challenge *const *challenges,
		    size_t count, int follow);
void record_names_free(char **names, size_t count);

/*
 * Waits until every authoritative server has the records of all challenges that have not failed,
 * SECONDS at most (0: not at all), and fails those that it has not. CW_E_CANCELLED when that was
 * interrupted, else CW_OK.
 */
int records_wait(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count,
		 long seconds);

/* Whether the option "follow-cname" says yes. */
int records_follow(const struct cw_host *host);
/* The integer option NAME, from 0 to MAX; what is below is 0, what is above MAX. */
long records_number(const struct cw_host *host, const char *name, long max);

#endif
