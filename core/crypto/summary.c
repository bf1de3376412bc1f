#include "crypto/summary.h"

#include "base/file.h"
#include "base/text.h"
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
	*seconds = (int64_t)timegm(&parts);
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

/* AuthorityKeyIdentifier (RFC 5280 section 4.2.1.1): the identifier of RFC 9773 section 4.1. */
static bool
read_issuer(struct reader value, const struct reader *serial,
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
read_extensions(struct reader *wrapped, const struct reader *serial, bool with_ari_id,
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
		    (with_ari_id && IS(&type, key_identifier) &&
		     !read_issuer(value, serial, summary)) ||
		    (IS(&type, information_access) && !read_responder(value, summary)))
			return false;
	}
	return true;
}

/* RFC 5280 section 4.1: a TBSCertificate in a Certificate. */
static bool
read_certificate(const unsigned char *der, size_t length, bool with_ari_id,
		 struct cw_certificate_summary *summary)
{
	struct reader file = {der, der + length};
	struct reader whole, tbs, serial, wrapped;
	const unsigned char *validity = NULL;

	if (!next(&file, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, &whole) ||
	    !next(&whole, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, &tbs))
		return false;
	next(&tbs, 0, V_ASN1_CONTEXT_SPECIFIC, NULL, NULL); /* the version */
	if (!next(&tbs, V_ASN1_INTEGER, V_ASN1_UNIVERSAL, NULL, &serial) ||
	    !next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, NULL) || /* the algorithm */
	    !next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, NULL) || /* the issuer */
	    !next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &validity, NULL) ||
	    !read_validity(validity, tbs.at - validity, summary) ||
	    !next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, NULL) || /* the subject */
	    !next(&tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, NULL, NULL))   /* the key */
		return false;
	next(&tbs, 1, V_ASN1_CONTEXT_SPECIFIC, NULL, NULL);
	next(&tbs, 2, V_ASN1_CONTEXT_SPECIFIC, NULL, NULL);
	return !next(&tbs, 3, V_ASN1_CONTEXT_SPECIFIC, NULL, &wrapped) ||
	       read_extensions(&wrapped, &serial, with_ari_id, summary);
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
read_pem(const char *pem, size_t length, bool with_ari_id, struct cw_certificate_summary *summary)
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
	       read_certificate(der, (size_t)(der_end - der), with_ari_id, summary);
}

/* The slow way, which also says what is wrong. */
static int
decode(const char *path, bool with_ari_id, struct cw_certificate_summary *summary,
       struct cw_error *error)
{
	cw_auto_certificate struct cw_certificate *certificate = NULL;
	int status = cw_certificate_load(path, &certificate, error);

	if (status < 0)
		return status;
	summary->not_before = cw_certificate_not_before(certificate);
	summary->not_after = cw_certificate_not_after(certificate);
	summary->ari_id = with_ari_id ? cw_certificate_ari_id(certificate) : NULL;
	summary->ocsp_url = cw_certificate_ocsp_url(certificate);
	return CW_OK;
}

int
cw_certificate_summary_read(const char *path, bool with_ari_id,
			    struct cw_certificate_summary *summary, struct cw_error *error)
{
	cw_auto_buf struct cw_buf contents = {0};
	int status = cw_file_read(path, FILE_MAX, &contents, error);

	*summary = (struct cw_certificate_summary){0};
	if (status < 0)
		return status;
	if (read_pem(cw_buf_text(&contents), contents.length, with_ari_id, summary))
		return CW_OK;
	ERR_clear_error();
	cw_certificate_summary_clear(summary);
	return decode(path, with_ari_id, summary, error);
}

void
cw_certificate_summary_clear(struct cw_certificate_summary *summary)
{
	free(summary->ari_id);
	free(summary->ocsp_url);
	*summary = (struct cw_certificate_summary){0};
}
