#include "crypto/csr.h"

#include "base/text.h"
#include "crypto/names.h"
#include "crypto/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum { CSR_MAX = 1024 * 1024 };

static void
free_request(X509_REQ **request)
{
	X509_REQ_free(*request);
}

static void
free_extensions(STACK_OF(X509_EXTENSION) * *extensions)
{
	sk_X509_EXTENSION_pop_free(*extensions, X509_EXTENSION_free);
}

static int
collect_names(const struct cw_csr_spec *spec, GENERAL_NAMES *names, struct cw_error *error)
{
	int status = CW_OK;

	for (size_t i = 0; spec->dns_names != NULL && i < spec->dns_names->count; i++) {
		status = cw_names_add_dns(names, spec->dns_names->items[i], error);
		if (status != CW_OK)
			return status;
	}
	for (size_t i = 0; spec->ip_addresses != NULL && i < spec->ip_addresses->count; i++) {
		status = cw_names_add_address(names, spec->ip_addresses->items[i], error);
		if (status != CW_OK)
			return status;
	}
	if (sk_GENERAL_NAME_num(names) == 0)
		return cw_fail(error, CW_E_INVALID, "a certificate request needs a name");
	return CW_OK;
}

static void
push_extension(STACK_OF(X509_EXTENSION) * extensions, X509_EXTENSION *extension)
{
	if (sk_X509_EXTENSION_push(extensions, cw_need(extension)) == 0)
		cw_nomem();
}

int
cw_csr_make(const struct cw_key *key, const struct cw_csr_spec *spec, struct cw_buf *der,
	    struct cw_error *error)
{
	/* SEQUENCE { INTEGER status_request (5) }: RFC 7633 section 4.1. */
	static const unsigned char status_request[] = {0x30, 0x03, 0x02, 0x01, 0x05};
	cw_auto(free_request) X509_REQ *request = cw_need(X509_REQ_new());
	cw_auto(cw_names_cleanup) GENERAL_NAMES *names = cw_need(GENERAL_NAMES_new());
	cw_auto(free_extensions) STACK_OF(X509_EXTENSION) *extensions =
		cw_need(sk_X509_EXTENSION_new_null());
	unsigned char *bytes = NULL;
	int status, length;

	ERR_clear_error();
	status = collect_names(spec, names, error);
	if (status != CW_OK)
		return status;
	push_extension(extensions, X509V3_EXT_i2d(NID_subject_alt_name, 0, names));
	if (spec->must_staple)
		push_extension(extensions, cw_extension(NID_tlsfeature, false, status_request,
							(int)sizeof(status_request)));
	if (X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 ||
	    X509_REQ_set_pubkey(request, cw_key_evp(key)) != 1 ||
	    X509_REQ_add_extensions(request, extensions) != 1 ||
	    X509_REQ_sign(request, cw_key_evp(key), EVP_sha256()) <= 0)
		return cw_fail_openssl(error, CW_E_CRYPTO, "cannot create a certificate request");
	length = i2d_X509_REQ(request, &bytes);
	if (length <= 0)
		cw_nomem();
	cw_buf_add(der, bytes, (size_t)length);
	OPENSSL_free(bytes);
	return CW_OK;
}

char *
cw_csr_to_pem(const struct cw_buf *der)
{
	cw_auto_bio BIO *bio = cw_need(BIO_new(BIO_s_mem()));

	if (PEM_write_bio(bio, PEM_STRING_X509_REQ, "", (const unsigned char *)der->data,
			  (long)der->length) <= 0)
		cw_nomem();
	return cw_bio_take(bio);
}

/* The requested subjectAltName; NULL when there is none. */
static GENERAL_NAMES *
requested_names(X509_REQ *request)
{
	cw_auto(free_extensions) STACK_OF(X509_EXTENSION) *extensions =
		X509_REQ_get_extensions(request);

	if (extensions == NULL)
		return NULL;
	return X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
}

static int
read_request(X509_REQ *request, const char *what, struct cw_csr *csr, struct cw_error *error)
{
	EVP_PKEY *evp = X509_REQ_get_pubkey(request);
	cw_auto(cw_names_cleanup) GENERAL_NAMES *names = NULL;
	cw_autofree char *common_name = NULL;
	unsigned char *bytes = NULL;
	int length;

	if (evp == NULL)
		return cw_fail_openssl(error, CW_E_INVALID, "%s has no usable public key", what);
	csr->public_key = cw_key_wrap(evp);
	if (X509_REQ_verify(request, evp) != 1)
		return cw_fail_openssl(error, CW_E_INVALID,
				       "%s is damaged: its signature does not match its key", what);
	names = requested_names(request);
	common_name = cw_common_name(X509_REQ_get_subject_name(request));
	if (common_name != NULL && *common_name != '\0')
		cw_names_sort_in(cw_lower(common_name), &csr->dns_names, &csr->ip_addresses);
	cw_names_read(names, &csr->dns_names, &csr->ip_addresses);
	if (csr->dns_names.count + csr->ip_addresses.count == 0)
		return cw_fail(error, CW_E_INVALID, "%s has no domain names and no IP addresses",
			       what);
	length = i2d_X509_REQ(request, &bytes);
	if (length <= 0)
		cw_nomem();
	cw_buf_add(&csr->der, bytes, (size_t)length);
	OPENSSL_free(bytes);
	return CW_OK;
}

int
cw_csr_read(const void *data, size_t length, const char *what, struct cw_csr *csr,
	    struct cw_error *error)
{
	cw_auto(free_request) X509_REQ *request = NULL;
	int status;

	memset(csr, 0, sizeof(*csr));
	ERR_clear_error();
	if (length > CSR_MAX)
		return cw_fail(error, CW_E_INVALID, "%s is too long for a certificate request",
			       what);
	if (cw_looks_like_der(data, length)) {
		const unsigned char *at = data;

		request = d2i_X509_REQ(NULL, &at, (long)length);
	} else {
		cw_auto_bio BIO *bio = cw_bio_over(data, length);

		request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	}
	if (request == NULL) {
		cw_fail_openssl(error, CW_E_INVALID, "%s is not a certificate request", what);
		cw_hint(error, "give a PKCS #10 request in PEM or DER");
		return CW_E_INVALID;
	}
	status = read_request(request, what, csr, error);
	if (status != CW_OK)
		cw_csr_clear(csr);
	ERR_clear_error();
	return status;
}

void
cw_csr_clear(struct cw_csr *csr)
{
	cw_buf_clear(&csr->der);
	cw_strv_clear(&csr->dns_names);
	cw_strv_clear(&csr->ip_addresses);
	cw_key_free(csr->public_key);
	csr->public_key = NULL;
}
