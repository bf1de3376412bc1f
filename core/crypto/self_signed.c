#include "crypto/self_signed.h"
#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include "base/clock.h"
#include "crypto/names.h"
#include "crypto/openssl.h"

#define DAY (24L * 3600)

/* Serial numbers may be compared where one certificate replaces another. */
enum { SERIAL_BITS = 63, COMMON_NAME_MAX = 64 };

static bool
add_names(X509 *certificate, const struct cw_strv *names)
{
	GENERAL_NAMES *all = cw_need(sk_GENERAL_NAME_new_null());
	bool added = true;

	for (size_t i = 0; i < names->count && added; i++) {
		const char *name = names->items[i];
		struct in6_addr address;

		if (inet_pton(AF_INET, name, &address) == 1 ||
		    inet_pton(AF_INET6, name, &address) == 1)
			added = cw_names_add_address(all, name, NULL) == CW_OK;
		else
			added = cw_names_add_dns(all, name, NULL) == CW_OK;
	}
	added = added && X509_add1_ext_i2d(certificate, NID_subject_alt_name, all, 0, 0) == 1;
	cw_names_cleanup(&all);
	return added;
}

static bool
set_serial(X509 *certificate)
{
	uint64_t serial;

	cw_random(&serial, sizeof(serial));
	serial = serial >> (64 - SERIAL_BITS) | 1;
	return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1;
}

static bool
fill(X509 *certificate, EVP_PKEY *key, const struct cw_strv *names, int days)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	const char *first = names->items[0];
	const char *common = strlen(first) <= COMMON_NAME_MAX ? first : "self-signed";

	return X509_set_version(certificate, 2) == 1 && set_serial(certificate) &&
	       X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), days * DAY) != NULL &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
					  (const unsigned char *)common, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(certificate, subject) == 1 &&
	       X509_set_pubkey(certificate, key) == 1 && add_names(certificate, names) &&
	       X509_sign(certificate, key, EVP_sha256()) > 0;
}

int
cw_self_signed(const struct cw_key *key, const struct cw_strv *names, int days, char **pem,
	       struct cw_error *error)
{
	X509 *certificate = cw_need(X509_new());
	BIO *out = cw_need(BIO_new(BIO_s_mem()));
	int status = CW_OK;

	if (!fill(certificate, cw_key_evp(key), names, days) ||
	    PEM_write_bio_X509(out, certificate) != 1)
		status = cw_fail_openssl(error, CW_E_CRYPTO, "cannot make a certificate");
	else
		*pem = cw_bio_take(out);
	BIO_free(out);
	X509_free(certificate);
	return status;
}
