#include "crypto/x509.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/certificate.h"
#include "crypto/names.h"
#include "crypto/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CERTIFICATE_FILE_MAX = 1024 * 1024 };

void
cw_x509_cleanup(X509 **x509)
{
	X509_free(*x509);
}

char *
cw_x509_to_pem(X509 *x509)
{
	cw_auto_bio BIO *bio = cw_need(BIO_new(BIO_s_mem()));

	if (PEM_write_bio_X509(bio, x509) != 1)
		cw_nomem();
	return cw_bio_take(bio);
}

int
cw_certificate_from_pem(const char *pem, size_t length, const char *what,
			struct cw_certificate **certificate, struct cw_error *error)
{
	cw_auto_bio BIO *bio = cw_bio_over(pem, length);
	X509 *x509;

	*certificate = NULL;
	ERR_clear_error();
	if (bio == NULL)
		return cw_fail(error, CW_E_INVALID, "%s is too long for a certificate", what);
	x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (x509 == NULL) {
		cw_fail_openssl(error, CW_E_INVALID, "%s is not a certificate in PEM", what);
		cw_hint(error, "it should begin with \"-----BEGIN CERTIFICATE-----\"");
		return CW_E_INVALID;
	}
	*certificate = cw_alloc(sizeof(**certificate));
	(*certificate)->x509 = x509;
	return CW_OK;
}

int
cw_certificate_load(const char *path, struct cw_certificate **certificate, struct cw_error *error)
{
	cw_auto_buf struct cw_buf contents = {0};
	cw_autofree char *what = cw_format("\"%s\"", path);
	int status;

	*certificate = NULL;
	status = cw_file_read(path, CERTIFICATE_FILE_MAX, &contents, error);
	if (status != CW_OK)
		return status;
	return cw_certificate_from_pem(cw_buf_text(&contents), contents.length, what, certificate,
				       error);
}

void
cw_certificate_free(struct cw_certificate *certificate)
{
	if (certificate == NULL)
		return;
	X509_free(certificate->x509);
	free(certificate);
}

void
cw_certificate_cleanup(struct cw_certificate **certificate)
{
	cw_certificate_free(*certificate);
}

void
cw_certificate_names(const struct cw_certificate *certificate, struct cw_strv *dns_names,
		     struct cw_strv *ip_addresses)
{
	cw_auto(cw_names_cleanup) GENERAL_NAMES *names =
		X509_get_ext_d2i(certificate->x509, NID_subject_alt_name, NULL, NULL);
	cw_auto_strv struct cw_strv dns = {0}, addresses = {0};

	if (names != NULL) {
		cw_names_read(names, &dns, &addresses);
		cw_names_put_common_name_first(X509_get_subject_name(certificate->x509), &dns);
	} else {
		/* Before subjectAltName was required the name stood there alone. */
		cw_autofree char *common_name =
			cw_common_name(X509_get_subject_name(certificate->x509));

		if (common_name != NULL && *common_name != '\0')
			cw_names_sort_in(cw_lower(common_name), &dns, &addresses);
	}
	ERR_clear_error();
	cw_strv_add_all(dns_names, &dns);
	cw_strv_add_all(ip_addresses, &addresses);
}

static int64_t
seconds_of(const ASN1_TIME *when)
{
	struct tm parts = {0};

	if (ASN1_TIME_to_tm(when, &parts) != 1) {
		ERR_clear_error();
		return 0;
	}
	return cw_seconds_of_utc(&parts);
}

int64_t
cw_certificate_not_before(const struct cw_certificate *certificate)
{
	return seconds_of(X509_get0_notBefore(certificate->x509));
}

int64_t
cw_certificate_not_after(const struct cw_certificate *certificate)
{
	return seconds_of(X509_get0_notAfter(certificate->x509));
}

char *
cw_certificate_serial(const struct cw_certificate *certificate)
{
	cw_auto_bignum BIGNUM *number =
		cw_need(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate->x509), NULL));
	char *hex = cw_need(BN_bn2hex(number));
	const char *digits = hex + (*hex == '-');
	char *text;

	while (digits[0] == '0' && digits[1] != '\0')
		digits++;
	text = cw_lower(cw_format("%s%s", *hex == '-' ? "-" : "", digits));
	OPENSSL_free(hex);
	return text;
}

const char *
cw_certificate_key_type(const struct cw_certificate *certificate)
{
	EVP_PKEY *evp = X509_get0_pubkey(certificate->x509);

	return evp != NULL && EVP_PKEY_is_a(evp, "EC") ? "ECDSA" : "RSA";
}

/* The content bytes of the serial number's DER, with the zero before a high bit. */
static char *
serial_base64url(const X509 *x509)
{
	unsigned char *der = NULL;
	int length = i2d_ASN1_INTEGER(X509_get0_serialNumber(x509), &der);
	const unsigned char *content = der;
	long content_length = 0;
	int tag, class;
	char *text = NULL;

	if (length > 0 &&
	    (ASN1_get_object(&content, &content_length, &tag, &class, length) & 0x80) == 0)
		text = cw_base64url(content, (size_t)content_length);
	OPENSSL_free(der);
	return text;
}

char *
cw_certificate_ari_id(const struct cw_certificate *certificate)
{
	const ASN1_OCTET_STRING *identifier = X509_get0_authority_key_id(certificate->x509);
	cw_autofree char *issuer = NULL, *serial = NULL;

	if (identifier == NULL || ASN1_STRING_length(identifier) <= 0)
		return NULL;
	issuer = cw_base64url(ASN1_STRING_get0_data(identifier),
			      (size_t)ASN1_STRING_length(identifier));
	serial = serial_base64url(certificate->x509);
	return serial == NULL ? NULL : cw_format("%s.%s", issuer, serial);
}

char *
cw_certificate_issuer(const struct cw_certificate *certificate)
{
	return cw_issuer_text(X509_get_issuer_name(certificate->x509));
}

char *
cw_certificate_ocsp_url(const struct cw_certificate *certificate)
{
	STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(certificate->x509);
	char *url = NULL;

	if (urls != NULL && sk_OPENSSL_STRING_num(urls) > 0)
		url = cw_strdup(sk_OPENSSL_STRING_value(urls, 0));
	X509_email_free(urls);
	return url;
}

char *
cw_certificate_base64url(const struct cw_certificate *certificate)
{
	unsigned char *der = NULL;
	int length = i2d_X509(certificate->x509, &der);
	char *text;

	if (length <= 0)
		cw_nomem();
	text = cw_base64url(der, (size_t)length);
	OPENSSL_free(der);
	return text;
}

void
cw_certificate_to_der(const struct cw_certificate *certificate, struct cw_buf *der)
{
	unsigned char *data = NULL;
	int length = i2d_X509(certificate->x509, &data);

	if (length <= 0)
		cw_nomem();
	cw_buf_add(der, data, (size_t)length);
	OPENSSL_free(data);
}

bool
cw_certificate_has_key(const struct cw_certificate *certificate, const struct cw_key *key)
{
	EVP_PKEY *evp = X509_get0_pubkey(certificate->x509);
	bool has = evp != NULL && EVP_PKEY_eq(evp, cw_key_evp(key)) == 1;

	ERR_clear_error();
	return has;
}

bool
cw_certificate_signed_by(const struct cw_certificate *child, const struct cw_certificate *issuer)
{
	EVP_PKEY *evp = X509_get0_pubkey(issuer->x509);
	bool is = evp != NULL && X509_verify(child->x509, evp) == 1;

	ERR_clear_error();
	return is;
}
