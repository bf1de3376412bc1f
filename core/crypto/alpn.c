#include "base/clock.h"
#include "base/text.h"
#include "crypto/certificate.h"
#include "crypto/names.h"
#include "crypto/openssl.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum {
	DIGEST_BYTES = 32,
	DAY = 24 * 60 * 60,
	LIFE_DAYS = 7,
};

static int
hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

static bool
read_digest(const char *hex, unsigned char digest[DIGEST_BYTES])
{
	if (strlen(hex) != 2 * (size_t)DIGEST_BYTES)
		return false;
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static int
add_extensions(X509 *x509, const char *identifier_type, const char *identifier, const char *digest,
	       struct cw_error *error)
{
	/* acmeIdentifier: OCTET STRING (SIZE (32)), RFC 8737 section 3. */
	unsigned char value[2 + DIGEST_BYTES] = {V_ASN1_OCTET_STRING, DIGEST_BYTES};
	cw_auto(cw_names_cleanup) GENERAL_NAMES *names = cw_need(GENERAL_NAMES_new());
	X509_EXTENSION *extension;
	int status, nid, added;

	if (!read_digest(digest, value + 2))
		return cw_fail(error, CW_E_INVALID,
			       "the digest for tls-alpn-01 is not 64 hexadecimal digits");
	if (cw_equal(identifier_type, "dns"))
		status = cw_names_add_dns(names, identifier, error);
	else if (cw_equal(identifier_type, "ip"))
		status = cw_names_add_address(names, identifier, error);
	else
		status = cw_fail(error, CW_E_UNSUPPORTED,
				 "tls-alpn-01 is not possible for identifiers of the type \"%s\"",
				 identifier_type == NULL ? "" : identifier_type);
	if (status != CW_OK)
		return status;
	nid = OBJ_txt2nid("1.3.6.1.5.5.7.1.31");
	if (nid == NID_undef)
		nid = OBJ_create("1.3.6.1.5.5.7.1.31", "acmeIdentifier", "ACME Identifier");
	extension = cw_need(cw_extension(nid, true, value, (int)sizeof(value)));
	added = X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
	if (added != 1 || X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0) != 1)
		cw_nomem();
	return CW_OK;
}

/* The parts that say nothing about the challenge: a random serial number, a subject that is no
 * host, and a life that forgives clocks. */
static void
fill(X509 *x509, const struct cw_key *key)
{
	static const unsigned char subject[] = "ACME challenge";
	X509_NAME *name = X509_get_subject_name(x509);
	time_t now = (time_t)cw_time();
	uint64_t serial;

	cw_random(&serial, sizeof(serial));
	serial >>= 1;
	if (X509_set_version(x509, X509_VERSION_3) != 1 ||
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial | 1) != 1 ||
	    X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING, subject, -1, -1,
				       0) != 1 ||
	    X509_set_issuer_name(x509, name) != 1 ||
	    ASN1_TIME_set(X509_getm_notBefore(x509), now - DAY) == NULL ||
	    ASN1_TIME_set(X509_getm_notAfter(x509), now + LIFE_DAYS * DAY) == NULL ||
	    X509_set_pubkey(x509, cw_key_evp(key)) != 1)
		cw_nomem();
}

int
cw_certificate_for_alpn(const struct cw_key *key, const char *identifier_type,
			const char *identifier, const char *digest, char **pem,
			struct cw_error *error)
{
	cw_auto_x509 X509 *x509 = cw_need(X509_new());
	int status;

	*pem = NULL;
	ERR_clear_error();
	fill(x509, key);
	status = add_extensions(x509, identifier_type, identifier, digest, error);
	if (status != CW_OK)
		return status;
	if (X509_sign(x509, cw_key_evp(key), EVP_sha256()) <= 0)
		return cw_fail_openssl(error, CW_E_CRYPTO,
				       "the certificate for tls-alpn-01 could not be signed");
	*pem = cw_x509_to_pem(x509);
	return CW_OK;
}
