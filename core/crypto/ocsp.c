#include "crypto/ocsp.h"

#include "crypto/certificate.h"
#include "crypto/openssl.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>
#include <time.h>

enum {
	CLOCK_SKEW = 300,         /* seconds that the responder's clock may be off */
	MAX_ANSWER = 1024 * 1024, /* bytes; they are a few hundred */
};

#define cw_auto_request cw_auto(request_cleanup)
#define cw_auto_response cw_auto(response_cleanup)
#define cw_auto_basic cw_auto(basic_cleanup)
#define cw_auto_id cw_auto(id_cleanup)
#define cw_auto_store cw_auto(store_cleanup)

static void
request_cleanup(OCSP_REQUEST **request)
{
	OCSP_REQUEST_free(*request);
}

static void
response_cleanup(OCSP_RESPONSE **response)
{
	OCSP_RESPONSE_free(*response);
}

static void
basic_cleanup(OCSP_BASICRESP **basic)
{
	OCSP_BASICRESP_free(*basic);
}

static void
id_cleanup(OCSP_CERTID **id)
{
	OCSP_CERTID_free(*id);
}

static void
store_cleanup(X509_STORE **store)
{
	X509_STORE_free(*store);
}

/* SHA-1, as all responders know it (RFC 5019 section 2.1.1); it only finds the certificate. */
static OCSP_CERTID *
identify(const struct cw_certificate *certificate, const struct cw_certificate *issuer)
{
	return OCSP_cert_to_id(EVP_sha1(), certificate->x509, issuer->x509);
}

int
cw_ocsp_request(const struct cw_certificate *certificate, const struct cw_certificate *issuer,
		struct cw_buf *request, struct cw_error *error)
{
	cw_auto_request OCSP_REQUEST *ocsp = cw_need(OCSP_REQUEST_new());
	OCSP_CERTID *id = identify(certificate, issuer);
	unsigned char *der = NULL;
	int length;

	if (id == NULL)
		return cw_fail_openssl(error, CW_E_INVALID,
				       "cannot make an OCSP request for the certificate");
	if (OCSP_request_add0_id(ocsp, id) == NULL) {
		OCSP_CERTID_free(id);
		cw_nomem();
	}
	length = i2d_OCSP_REQUEST(ocsp, &der);
	if (length <= 0)
		cw_nomem();
	cw_buf_add(request, der, (size_t)length);
	OPENSSL_free(der);
	return CW_OK;
}

/* That the issuer, or one to whom it delegated, has signed the answer. */
static int
check_signature(OCSP_BASICRESP *basic, const struct cw_certificate *issuer, struct cw_error *error)
{
	cw_auto_store X509_STORE *store = cw_need(X509_STORE_new());
	STACK_OF(X509) *untrusted = cw_need(sk_X509_new_null());
	int verified;

	if (sk_X509_push(untrusted, issuer->x509) == 0 ||
	    X509_STORE_add_cert(store, issuer->x509) != 1)
		cw_nomem();
	/* The issuer is an intermediate certificate: its own issuers do not matter here. */
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	verified = OCSP_basic_verify(basic, untrusted, store, 0);
	sk_X509_free(untrusted);
	if (verified == 1)
		return CW_OK;
	return cw_fail_openssl(error, CW_E_PROTOCOL,
			       "the OCSP response is not signed by the certificate's issuer");
}

static int
find_status(OCSP_BASICRESP *basic, const struct cw_certificate *certificate,
	    const struct cw_certificate *issuer, enum cw_ocsp_state *state, int64_t *next,
	    struct cw_error *error)
{
	struct tm parts;
	cw_auto_id OCSP_CERTID *id = cw_need(identify(certificate, issuer));
	ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
	int status, reason;

	if (OCSP_resp_find_status(basic, id, &status, &reason, NULL, &from, &until) != 1)
		return cw_fail(error, CW_E_PROTOCOL,
			       "the OCSP response is about another certificate");
	if (OCSP_check_validity(from, until, CLOCK_SKEW, -1) != 1)
		return cw_fail_openssl(error, CW_E_PROTOCOL,
				       "the OCSP response is not valid at this time");
	*state = status == V_OCSP_CERTSTATUS_REVOKED ? CW_OCSP_REVOKED
		 : status == V_OCSP_CERTSTATUS_GOOD  ? CW_OCSP_GOOD
						     : CW_OCSP_UNKNOWN;
	*next = until != NULL && ASN1_TIME_to_tm(until, &parts) == 1 ? timegm(&parts) : 0;
	return CW_OK;
}

int
cw_ocsp_read(const void *der, size_t length, const struct cw_certificate *certificate,
	     const struct cw_certificate *issuer, enum cw_ocsp_state *state, int64_t *until,
	     struct cw_error *error)
{
	const unsigned char *at = der;
	int64_t next = 0;
	cw_auto_response OCSP_RESPONSE *response = NULL;
	cw_auto_basic OCSP_BASICRESP *basic = NULL;
	int status;

	ERR_clear_error();
	if (length <= MAX_ANSWER)
		response = d2i_OCSP_RESPONSE(NULL, &at, (long)length);
	if (response == NULL)
		return cw_fail_openssl(error, CW_E_PROTOCOL, "cannot read the OCSP response");
	if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		return cw_fail(error, CW_E_PROTOCOL, "the OCSP responder refused the request: %s",
			       OCSP_response_status_str(OCSP_response_status(response)));
	basic = OCSP_response_get1_basic(response);
	if (basic == NULL)
		return cw_fail_openssl(error, CW_E_PROTOCOL,
				       "the OCSP response is of an unknown type");
	status = check_signature(basic, issuer, error);
	if (status == CW_OK)
		status = find_status(basic, certificate, issuer, state, &next, error);
	if (until != NULL)
		*until = next;
	ERR_clear_error();
	return status;
}
