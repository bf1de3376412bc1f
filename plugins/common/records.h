/* The TXT records of dns-01 challenges: where they are to be written, and waiting until they are
 * seen. Shared by the authenticators that write them. */
#ifndef COMMON_RECORDS_H
#define COMMON_RECORDS_H

#include <certwright/plugin.h>

/* What a challenge needs from perform() to cleanup() begins with this: its plugin_data. */
struct record_work {
	char *record; /* the name to write, without a trailing dot */
};

/*
 * Gives each challenge such a struct, of SIZE bytes that are zero otherwise, with the name of its
 * record: its location, or with the option "follow-cname" what that is an alias (CNAME) of. Where
 * that cannot be found out it is the location, with a warning. CW_OK, or CW_E_NOMEM with the host
 * told. records_end() frees what was made in either case.
 */
int records_begin(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count,
		  size_t size);
void records_end(struct cw_challenge *const *challenges, size_t count);

/* For challenge_types() of struct cw_authenticator: names by dns-01, and no addresses. */
const char *const *records_challenge_types(void *self, const char *identifier_type,
					   const char *identifier);

/*
 * Waits until every authoritative server has the records of all challenges that have not failed,
 * for as long as the option "propagation-seconds" says at most (0: not at all), and fails those
 * that it has not. CW_E_CANCELLED when that was interrupted, else CW_OK.
 */
int records_wait(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count);

/* The option "follow-cname", and the help of "propagation-seconds". */
extern const struct cw_plugin_option records_follow_option;
#define RECORDS_PROPAGATION_HELP                                                                   \
	"How long it may take until all name servers of the zone have the records. They are "      \
	"asked "                                                                                   \
	"meanwhile, and it goes on as soon as they have. 0: they are not asked."

#endif
