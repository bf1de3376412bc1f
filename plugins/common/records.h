/* The TXT records of DNS challenges: finds where to write them, and waits until they are visible.
 * Shared by the authenticators that write them. */
#ifndef COMMON_RECORDS_H
#define COMMON_RECORDS_H

#include <certwright/plugin.h>

/* The plugin_data of a challenge, from perform() to cleanup(), begins with this. */
struct record_work {
	char *record; /* the name to write, without a trailing dot */
	char *zone;   /* that the record is in; NULL: unknown */
};

/*
 * Gives each challenge such a struct, of SIZE bytes, with the name of its record and zeros
 * otherwise. The name is the challenge's location, or with the option "follow-cname" the target of
 * a CNAME there. If the lookup fails, it is the location, with a warning. Without that option the
 * zone is unknown. CW_OK, or fails through
 * the host with CW_E_NOMEM. Release with records_end() in either case.
 */
int records_begin(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count,
		  size_t size);
void records_end(struct cw_challenge *const *challenges, size_t count);

/* For challenge_types() of struct cw_authenticator: those with a TXT record for names, nothing for
 * addresses. */
const char *const *records_challenge_types(void *self, const char *identifier_type,
					   const char *identifier);

/* Whether the record of CHALLENGE stays after the validation (dns-persist-01). */
int records_stays(const struct cw_challenge *challenge);

/* What becomes of a challenge whose record not every server has in time. */
enum records_missing {
	RECORDS_FAIL, /* it fails */
	RECORDS_WARN  /* there is a warning */
};

/*
 * Waits until every authoritative server has the records of all DNS challenges that have not
 * failed, at most as long as the option "propagation-seconds" says (0: does not wait). Returns
 * CW_E_CANCELLED if interrupted, else CW_OK.
 */
int records_wait(const struct cw_host *host, struct cw_challenge *const *challenges, size_t count,
		 enum records_missing missing);

/* The option "follow-cname", and the help of "propagation-seconds". */
extern const struct cw_plugin_option records_follow_option;
#define RECORDS_PROPAGATION_HELP                                                                   \
	"How long to wait for all name servers of the zone to have the records. Validation "       \
	"begins as soon as they do. 0: do not wait."

#endif
