/* Asks the CAs' OCSP responders which certificates are revoked. */
#ifndef CW_FLOW_DUE_REVOCATION_H
#define CW_FLOW_DUE_REVOCATION_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"
#include "flow/context.h"

struct cw_revocation {
	const char *certificate; /* in: paths of the certificate and of its chain, borrowed */
	const char *chain;
	bool keeps_response;    /* in */
	bool revoked;           /* out */
	struct cw_buf response; /* out: in DER, if it is to be kept; empty if there is none; release
				   with cw_buf_clear() */
};

/*
 * Asks about COUNT certificates, a few at a time, if they have a responder. If there is no valid
 * response (no answer, or not signed by the issuer), the reason goes to the log and revoked stays
 * false: a responder that is down is no reason to act. Responders that do not answer are added to
 * SILENT; those in SILENT are not asked. CW_OK unless the loop was interrupted.
 */
int cw_revocations_ask(struct cw_context *context, struct cw_revocation *revocations, size_t count,
		       struct cw_strv *silent, struct cw_error *error);

#endif
