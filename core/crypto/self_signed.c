#include "crypto/self_signed.h"
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include "base/text.h"
#include "crypto/openssl.h"

#define DAY (24L * 3600)

static bool
add_name(X509 *certificate, const char *name)
{
	cw_autofree char *value = cw_format("DNS:%s", name);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, value);
	bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return added;
}

static bool
fill(X509 *certificate, EVP_PKEY *key, const char *name, int days)
{
	X509_NAME *subject = X509_get_subject_name(certificate);

	return X509_set_version(certificate, 2) == 1 &&
	       ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), days * DAY) != NULL &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name,
					  -1, -1, 0) == 1 &&
	       X509_set_issuer_name(certificate, subject) == 1 &&
	       X509_set_pubkey(certificate, key) == 1 && add_name(certificate, name) &&
	       X509_sign(certificate, key, EVP_sha256()) > 0;
}

int
cw_self_signed(const struct cw_key *key, const char *name, int days, char **pem,
	       struct cw_error *error)
{
	X509 *certificate = cw_need(X509_new());
	BIO *out = cw_need(BIO_new(BIO_s_mem()));
	int status = CW_OK;

	if (!fill(certificate, cw_key_evp(key), name, days) ||
	    PEM_write_bio_X509(out, certificate) != 1)
		status = cw_fail_openssl(error, CW_E_CRYPTO, "cannot make a certificate");
	else
		*pem = cw_bio_take(out);
	BIO_free(out);
	X509_free(certificate);
	return status;
}
