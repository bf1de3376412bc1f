/* Whether a certificate was revoked, as its CA's responder says (OCSP, RFC 6960). */
#ifndef CW_CRYPTO_OCSP_H
#define CW_CRYPTO_OCSP_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/x509.h"

enum cw_ocsp_state { CW_OCSP_GOOD, CW_OCSP_REVOKED, CW_OCSP_UNKNOWN };

/* What to POST to the responder as application/ocsp-request (appendix A.1): a request in DER for
 * CERTIFICATE, which ISSUER issued, without a nonce (RFC 5019), appended to REQUEST. */
int cw_ocsp_request(const struct cw_certificate *certificate, const struct cw_certificate *issuer,
		    struct cw_buf *request, struct cw_error *error);
/*
 * Reads the responder's answer. *UNTIL (may be NULL) is when there is a newer one, in seconds since
 * the epoch; 0: the responder does not say. It must be about CERTIFICATE, signed by ISSUER or by
 * one to whom ISSUER has delegated that (section 4.2.2.2), and be valid at this time, give or take
 * five minutes; anything else is CW_E_PROTOCOL.
 */
int cw_ocsp_read(const void *der, size_t length, const struct cw_certificate *certificate,
		 const struct cw_certificate *issuer, enum cw_ocsp_state *state, int64_t *until,
		 struct cw_error *error);

#endif
