/* Whether a certificate is due for renewal (reference: Renewal). */
#ifndef CW_FLOW_DUE_DUE_H
#define CW_FLOW_DUE_DUE_H

#include <stdbool.h>
#include <stdint.h>
#include "crypto/summary.h"
#include "store/lineage.h"

/* What the certificate and its renewal file say. Times are seconds since the epoch. */
struct cw_due {
	int64_t expiry;
	/* The instant that it is due from: by renew_before_expiry ("30 days") of the renewal file
	 * where that is set, else by lifetime: past two thirds of it, past half when it is shorter
	 * than ten days. */
	int64_t when;
	bool by_interval; /* when is by renew_before_expiry */
	bool is_unclear;  /* renew_before_expiry is set to what is not an interval */
};

/* What the CA says (RFC 9773). */
enum cw_advice {
	CW_ADVICE_NONE, /* nothing: it has no renewal information, or did not answer */
	CW_ADVICE_WAIT,
	CW_ADVICE_RENEW
};

void cw_due_read(const struct cw_lineage *lineage, const struct cw_certificate_summary *certificate,
		 struct cw_due *due);
/* Whether it is due at NOW whatever the CA says: by renew_before_expiry, or as it has expired. */
bool cw_due_anyway(const struct cw_due *due, int64_t now);
/* Whether it is due at NOW: anyway, as the CA says, or by lifetime when neither that nor
 * renew_before_expiry is there. */
bool cw_due_decide(const struct cw_due *due, enum cw_advice advice, int64_t now);
/* An instant chosen at random in the CA's window (RFC 9773 section 4.2): whether it has come. */
enum cw_advice cw_due_by_window(int64_t start, int64_t end, int64_t now);

#endif
