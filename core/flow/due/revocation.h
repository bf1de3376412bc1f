/* Asking the CAs' OCSP responders which certificates are revoked. */
#ifndef CW_FLOW_DUE_REVOCATION_H
#define CW_FLOW_DUE_REVOCATION_H

#include <stdbool.h>
#include "base/error.h"
#include "base/loop.h"
#include "base/strv.h"
#include "http/client.h"

struct cw_revocation {
	const char *certificate; /* in: paths of the certificate and of its chain, borrowed */
	const char *chain;
	bool revoked; /* out */
};

/*
 * Asks about COUNT certificates, a few at a time; one without a responder is not asked about. What
 * cannot be learned (no answer, one that is not signed by the issuer) goes to the log and leaves
 * revoked false: a responder that is down is no reason to act. A responder that did not answer is
 * added to SILENT, and those in it are not asked. CW_OK unless the loop was interrupted.
 */
int cw_revocations_ask(struct cw_http *http, struct cw_loop *loop,
		       struct cw_revocation *revocations, size_t count, struct cw_strv *silent,
		       struct cw_error *error);

#endif
