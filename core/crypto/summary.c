#include "crypto/summary.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/names.h"
#include "crypto/openssl.h"
#include "crypto/x509.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FILE_MAX = 1024 * 1024, URI = 6 /* of a GeneralName */ };

/* Object identifiers, encoded. */
static const unsigned char key_identifier[] = {0x55, 0x1d, 0x23};
static const unsigned char alternative_names[] = {0x55, 0x1d, 0x11};
static const unsigned char ec_public_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1};
static const unsigned char information_access[] = {0x2b, 6, 1, 5, 5, 7, 1, 1};
static const unsigned char ocsp[] = {0x2b, 6, 1, 5, 5, 7, 0x30, 1};
#define IS(content, identifier)                                                                    \
	((size_t)((content)->end - (content)->at) == sizeof(identifier) &&                         \
	 memcmp((content)->at, identifier, sizeof(identifier)) == 0)

/* A place in DER. */
struct reader {
	const unsigned char *at;
	const unsigned char *end;
};

/* One element: its header is at *WHOLE, its content in CONTENT; READER is behind it then. */
static bool
next(struct reader *reader, int wanted_tag, int wanted_class, const unsigned char **whole,
     struct reader *content)
{
	const unsigned char *at = reader->at;
	long length = 0;
	int tag = -1, class = -1;

	if (reader->at >= reader->end ||
	    (ASN1_get_object(&at, &length, &tag, &class, reader->end - reader->at) & 0x81) != 0 ||
	    tag != wanted_tag || class != wanted_class)
		return false;
	if (whole != NULL)
		*whole = reader->at;
	if (content != NULL)
		*content = (struct reader){at, at + length};
	reader->at = at + length;
	return true;
}

static bool
read_time(const ASN1_TIME *when, int64_t *seconds)
{
	struct tm parts = {0};

	if (ASN1_TIME_to_tm(when, &parts) != 1)
		return false;
	*seconds = cw_seconds_of_utc(&parts);
	return true;
}

static bool
read_validity(const unsigned char *der, long length, struct cw_certificate_summary *summary)
{
	X509_VAL *validity = d2i_X509_VAL(NULL, &der, length);
	bool good = validity != NULL && read_time(validity->notBefore, &summary->not_before) &&
		    read_time(validity->notAfter, &summary->not_after);

	X509_VAL_free(validity);
	return good;
}

/* As cw_certificate_serial() writes it; false for a negative number, as only damage makes it. */
static bool
read_serial(struct reader number, struct cw_certificate_summary *summary)
{
	cw_auto_buf struct cw_buf hex = {0};
	const char *digits;

	if (number.at == number.end || *number.at >= 0x80)
		return false;
	for (; number.at < number.end; number.at++) {
		static const char digit[] = "0123456789abcdef";
		const char pair[] = {digit[*number.at >> 4], digit[*number.at & 0xf]};

		cw_buf_add(&hex, pair, sizeof(pair));
	}
	digits = cw_buf_text(&hex);
	while (digits[0] == '0' && digits[1] != '\0')
		digits++;
	summary->serial = cw_strdup(digits);
	return true;
}

static bool
read_issuer(struct reader issuer, struct cw_certificate_summary *summary)
{
	const unsigned char *at = issuer.at;
	X509_NAME *name = d2i_X509_NAME(NULL, &at, issuer.end - issuer.at);

	if (name == NULL)
		return false;
	summary->issuer = cw_issuer_text(name);
	X509_NAME_free(name);
	return true;
}

/* SubjectPublicKeyInfo (RFC 5280 section 4.1). */
static bool
read_key_type(struct reader key, struct cw_certificate_summary *summary)
{
	struct reader algorithm, type;

	if (!next(&key, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, &algorithm) ||
	    !next(&algorithm, V_ASN1_OBJECT, V_ASN1_UNIVERSAL, NULL, &type))
		return false;
	summary->key_type = IS(&type, ec_public_key) ? "ECDSA" : "RSA";
	return true;
}

/* SubjectAltName (RFC 5280 section 4.2.1.6). */
static bool
read_names(struct reader value, struct cw_certificate_summary *summary)
{
	const unsigned char *at = value.at;
	cw_auto(cw_names_cleanup) GENERAL_NAMES *names =
		d2i_GENERAL_NAMES(NULL, &at, value.end - value.at);

	/* A certificate has at most one of these extensions. */
	if (names == NULL || summary->dns.count + summary->ip.count > 0)
		return false;
	cw_names_read(names, &summary->dns, &summary->ip);
	return true;
}

/* The names in the order of cw_certificate_names(), once they were read. Those that have no
 * extension are left to the slow way. */
static bool
order_names(struct reader subject, struct cw_certificate_summary *summary)
{
	const unsigned char *at = subject.at;
	X509_NAME *name;

	if (summary->dns.count < 2)
		return summary->dns.count + summary->ip.count > 0;
	name = d2i_X509_NAME(NULL, &at, subject.end - subject.at);
	if (name == NULL)
		return false;
	cw_names_put_common_name_first(name, &summary->dns);
	X509_NAME_free(name);
	return true;
}

/* AuthorityKeyIdentifier (RFC 5280 section 4.2.1.1): the identifier of RFC 9773 section 4.1. */
static bool
read_ari_id(struct reader value, const struct reader *serial,
	    struct cw_certificate_summary *summary)
{
	cw_autofree char *issuer = NULL, *number = NULL;
	struct reader fields, key;

	if (!next(&value, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, &fields))
		return false;
	if (!next(&fields, 0, V_ASN1_CONTEXT_SPECIFIC, NULL, &key) || key.at == key.end)
		return true;
	issuer = cw_base64url(key.at, (size_t)(key.end - key.at));
	number = cw_base64url(serial->at, (size_t)(serial->end - serial->at));
	free(summary->ari_id);
	summary->ari_id = cw_format("%s.%s", issuer, number);
	return true;
}

/* AuthorityInfoAccessSyntax (RFC 5280 section 4.2.2.1): the first OCSP responder. */
static bool
read_responder(struct reader value, struct cw_certificate_summary *summary)
{
	struct reader descriptions, description, method, url;

	if (!next(&value, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, &descriptions))
		return false;
	while (descriptions.at < descriptions.end) {
		if (!next(&descriptions, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, &description) ||
		    !next(&description, V_ASN1_OBJECT, V_ASN1_UNIVERSAL, NULL, &method))
			return false;
		if (summary->ocsp_url == NULL && IS(&method, ocsp) &&
		    next(&description, URI, V_ASN1_CONTEXT_SPECIFIC, NULL, &url))
			summary->ocsp_url = cw_memdup(url.at, (size_t)(url.end - url.at));
	}
	return true;
}

/* Extensions (RFC 5280 section 4.1), in their explicit tag. */
static bool
read_extensions(struct reader *wrapped, const struct reader *serial, unsigned parts,
		struct cw_certificate_summary *summary)
{
	struct reader extensions, extension, type, value;

	if (!next(wrapped, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, &extensions))
		return false;
	while (extensions.at < extensions.end) {
		if (!next(&extensions, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, &extension) ||
		    !next(&extension, V_ASN1_OBJECT, V_ASN1_UNIVERSAL, NULL, &type))
			return false;
		next(&extension, V_ASN1_BOOLEAN, V_ASN1_UNIVERSAL, NULL, NULL); /* critical */
		if (!next(&extension, V_ASN1_OCTET_STRING, V_ASN1_UNIVERSAL, NULL, &value) ||
		    ((parts & CW_SUMMARY_ARI_ID) != 0 && IS(&type, key_identifier) &&
		     !read_ari_id(value, serial, summary)) ||
		    ((parts & CW_SUMMARY_NAMES) != 0 && IS(&type, alternative_names) &&
		     !read_names(value, summary)) ||
		    (IS(&type, information_access) && !read_responder(value, summary)))
			return false;
	}
	return true;
}

/* RFC 5280 section 4.1: a TBSCertificate in a Certificate. */
static bool
read_certificate(const unsigned char *der, size_t length, unsigned parts,
		 struct cw_certificate_summary *summary)
{
	struct reader file = {der, der + length};
	struct reader whole, tbs, serial, key, subject, wrapped;
	const unsigned char *issuer = NULL, *validity = NULL;

	if (!next(&file, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, &whole) ||
	    !next(&whole, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, &tbs))
		return false;
	next(&tbs, 0, V_ASN1_CONTEXT_SPECIFIC, NULL, NULL); /* the version */
	if (!next(&tbs, V_ASN1_INTEGER, V_ASN1_UNIVERSAL, NULL, &serial) ||
	    !read_serial(serial, summary) ||
	    !next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, NULL) || /* the algorithm */
	    !next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &issuer, NULL) ||
	    !next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &validity, NULL) ||
	    !read_validity(validity, tbs.at - validity, summary) ||
	    ((parts & CW_SUMMARY_ISSUER) != 0 &&
	     !read_issuer((struct reader){issuer, validity}, summary)))
		return false;
	subject.at = tbs.at;
	if (!next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, NULL))
		return false;
	subject.end = tbs.at;
	if (!next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, &key) ||
	    !read_key_type(key, summary))
		return false;
	next(&tbs, 1, V_ASN1_CONTEXT_SPECIFIC, NULL, NULL);
	next(&tbs, 2, V_ASN1_CONTEXT_SPECIFIC, NULL, NULL);
	if (next(&tbs, 3, V_ASN1_CONTEXT_SPECIFIC, NULL, &wrapped) &&
	    !read_extensions(&wrapped, &serial, parts, summary))
		return false;
	return (parts & CW_SUMMARY_NAMES) == 0 || order_names(subject, summary);
}

/* Decodes a line of base64 to *DER, which moves on. Padding is for the last one. */
static bool
read_line(const char *line, size_t length, bool last, unsigned char **der)
{
	const char *padding = memchr(line, '=', length);
	size_t padded = padding == NULL ? 0 : (size_t)(line + length - padding);
	int decoded;

	if (length == 0 || length % 4 != 0 || padded > (last ? 2 : 0) ||
	    (padded == 2 && padding[1] != '='))
		return false;
	decoded = EVP_DecodeBlock(*der, (const unsigned char *)line, (int)length);
	if (decoded != (int)(length / 4 * 3))
		return false;
	*der += (size_t)decoded - padded;
	return true;
}

/* A certificate as programs write it (RFC 7468 section 3): it begins the file, and each line is
 * decoded at once, which takes half the time that libcrypto's own reader does. */
static bool
read_pem(const char *pem, size_t length, unsigned parts, struct cw_certificate_summary *summary)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
	static const char end[] = "-----END CERTIFICATE-----";
	cw_autofree unsigned char *der = NULL;
	unsigned char *der_end;
	const char *line = pem + sizeof(begin) - 1;

	if (length < sizeof(begin) || memcmp(pem, begin, sizeof(begin) - 1) != 0)
		return false;
	der_end = der = cw_alloc(length / 4 * 3 + 3);
	while (*line != '-') {
		const char *after = memchr(line, '\n', (size_t)(pem + length - line));

		if (after == NULL ||
		    !read_line(line, (size_t)(after - line), after[1] == '-', &der_end))
			return false;
		line = after + 1;
	}
	return strncmp(line, end, sizeof(end) - 1) == 0 &&
	       read_certificate(der, (size_t)(der_end - der), parts, summary);
}

/* The slow way, which also says what is wrong. */
static int
decode(const char *path, unsigned parts, struct cw_certificate_summary *summary,
       struct cw_error *error)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	int status = cw_certificate_load(path, &certificate, error);

	if (status < 0)
		return status;
	summary->not_before = cw_certificate_not_before(certificate);
	summary->not_after = cw_certificate_not_after(certificate);
	summary->serial = cw_certificate_serial(certificate);
	summary->key_type = cw_certificate_key_type(certificate);
	if ((parts & CW_SUMMARY_ARI_ID) != 0)
		summary->ari_id = cw_certificate_ari_id(certificate);
	if ((parts & CW_SUMMARY_NAMES) != 0)
		cw_certificate_names(certificate, &summary->dns, &summary->ip);
	if ((parts & CW_SUMMARY_ISSUER) != 0)
		summary->issuer = cw_certificate_issuer(certificate);
	summary->ocsp_url = cw_certificate_ocsp_url(certificate);
	return CW_OK;
}

int
cw_certificate_summary_read(const char *path, unsigned parts,
			    struct cw_certificate_summary *summary, struct cw_error *error)
{
	cw_auto_buf struct cw_buf contents = {0};
	int status = cw_file_read(path, FILE_MAX, &contents, error);

	*summary = (struct cw_certificate_summary){0};
	if (status < 0)
		return status;
	if (read_pem(cw_buf_text(&contents), contents.length, parts, summary))
		return CW_OK;
	ERR_clear_error();
	cw_certificate_summary_clear(summary);
	return decode(path, parts, summary, error);
}

void
cw_certificate_summary_clear(struct cw_certificate_summary *summary)
{
	free(summary->serial);
	free(summary->ari_id);
	free(summary->issuer);
	free(summary->ocsp_url);
	cw_strv_clear(&summary->dns);
	cw_strv_clear(&summary->ip);
	*summary = (struct cw_certificate_summary){0};
}
