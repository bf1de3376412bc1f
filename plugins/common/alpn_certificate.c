#include "alpn_certificate.h"
#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { DIGEST_SIZE = 32, DAYS = 7, DAY = 24 * 60 * 60, SERIAL_SIZE = 16 };

#define ACME_IDENTIFIER "1.3.6.1.5.5.7.1.31"

EVP_PKEY *
alpn_key(void)
{
	return EVP_EC_gen("P-256");
}

static int
hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static int
read_digest(const char *hex, unsigned char *digest)
{
	if (strlen(hex) != 2 * DIGEST_SIZE)
		return 0;
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return 0;
		digest[i] = (unsigned char)(high << 4 | low);
	}
	return 1;
}

/* The critical acmeIdentifier extension: an OCTET STRING with the digest. */
static int
add_acme_identifier(X509 *certificate, const char *hex)
{
	unsigned char contents[2 + DIGEST_SIZE] = {V_ASN1_OCTET_STRING, DIGEST_SIZE};
	ASN1_OBJECT *type = OBJ_txt2obj(ACME_IDENTIFIER, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	int good = type != NULL && value != NULL && read_digest(hex, contents + 2) &&
		   ASN1_OCTET_STRING_set(value, contents, sizeof(contents));

	if (good)
		extension = X509_EXTENSION_create_by_OBJ(NULL, type, 1, value);
	good = extension != NULL && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(type);
	return good;
}

static int
set_dns_name(GENERAL_NAME *name, const char *identifier)
{
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	if (text == NULL || !ASN1_STRING_set(text, identifier, -1)) {
		ASN1_IA5STRING_free(text);
		return 0;
	}
	GENERAL_NAME_set0_value(name, GEN_DNS, text);
	return 1;
}

static int
set_address(GENERAL_NAME *name, const char *identifier)
{
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(identifier);

	if (address == NULL)
		return 0;
	GENERAL_NAME_set0_value(name, GEN_IPADD, address);
	return 1;
}

/* The identifier must be the only name. */
static int
add_name(X509 *certificate, const char *type, const char *identifier)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	int good = names != NULL && name != NULL &&
		   (strcmp(type, "ip") == 0 ? set_address(name, identifier)
					    : set_dns_name(name, identifier)) &&
		   sk_GENERAL_NAME_push(names, name) > 0;

	if (!good)
		GENERAL_NAME_free(name);
	good = good && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1;
	GENERAL_NAMES_free(names);
	return good;
}

static int
set_serial(X509 *certificate)
{
	unsigned char bytes[SERIAL_SIZE];
	BIGNUM *number;
	int good;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return 0;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = number != NULL &&
	       BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return good;
}

static int
set_subject(X509 *certificate)
{
	static const unsigned char text[] = "ACME validation";
	X509_NAME *name = X509_get_subject_name(certificate);

	return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, text, -1, -1, 0) &&
	       X509_set_issuer_name(certificate, name);
}

X509 *
alpn_certificate(EVP_PKEY *key, const char *identifier_type, const char *identifier,
		 const char *digest)
{
	X509 *certificate = X509_new();

	if (certificate == NULL)
		return NULL;
	/* The validator's clock may be behind ours. */
	if (X509_set_version(certificate, X509_VERSION_3) && set_serial(certificate) &&
	    set_subject(certificate) &&
	    X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(certificate), (long)DAYS * DAY) != NULL &&
	    X509_set_pubkey(certificate, key) &&
	    add_name(certificate, identifier_type, identifier) &&
	    add_acme_identifier(certificate, digest) &&
	    X509_sign(certificate, key, EVP_sha256()) > 0)
		return certificate;
	ERR_clear_error();
	X509_free(certificate);
	return NULL;
}
