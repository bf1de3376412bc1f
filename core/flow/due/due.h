/* Whether a certificate is due for renewal (reference: Renewal). */
#ifndef CW_FLOW_DUE_DUE_H
#define CW_FLOW_DUE_DUE_H

#include <stdbool.h>
#include <stdint.h>
#include "crypto/summary.h"
#include "store/lineage.h"

/* The dates of the certificate and its renewal file, in seconds since the epoch. */
struct cw_due {
	int64_t expiry;
	/* The time from which it is due: by renew_before_expiry ("30 days") of the renewal file if
	 * set, else after two thirds of its lifetime, or half if that is shorter than ten days. */
	int64_t when;
	bool by_interval; /* "when" comes from renew_before_expiry */
	bool is_unclear;  /* renew_before_expiry is not an interval */
};

/* What the CA says (RFC 9773). */
enum cw_advice {
	CW_ADVICE_NONE, /* no renewal information, or no answer */
	CW_ADVICE_WAIT,
	CW_ADVICE_RENEW
};

void cw_due_read(const struct cw_lineage *lineage, const struct cw_certificate_summary *certificate,
		 struct cw_due *due);
/* Whether it is due at NOW whatever the CA says: by renew_before_expiry, or because it has expired.
 * */
bool cw_due_anyway(const struct cw_due *due, int64_t now);
/* Whether it is due at NOW: whatever the CA says (above), else by what the CA says, or by its
 * lifetime if there is neither renewal information nor renew_before_expiry. */
bool cw_due_decide(const struct cw_due *due, enum cw_advice advice, int64_t now);
/* Chooses a random time in the CA's window (RFC 9773 section 4.2); true if it has passed. */
enum cw_advice cw_due_by_window(int64_t start, int64_t end, int64_t now);

#endif
